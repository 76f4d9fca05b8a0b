import type { Examples } from '../examples.ts';
import { authorize, authorizeQuery } from '../oauth-mock.ts';
import type { World } from '../world.ts';

/** The state of a sign-in that is at the provider. */
async function startedSignIn(world: World): Promise<string> {
  const started = await authorize(world, 'github', { stack_response_mode: 'json' });
  return new URL(String(started.json['location'])).searchParams.get('state') ?? '';
}

const denied = async (world: World) => ({ state: await startedSignIn(world), error: 'access_denied' });

export const oauthExamples: Examples = {
  'GET /auth/oauth/authorize/:provider_id': {
    isAlone: true,
    make: async (_world, _access, caller) => ({ params: { provider_id: 'github' }, query: authorizeQuery(caller) }),
  },
  'GET /auth/oauth/callback/:provider_id': {
    isAlone: true,
    takesAnyQuery: true,
    make: async (world) => ({ params: { provider_id: 'github' }, query: await denied(world) }),
  },
  'POST /auth/oauth/callback/:provider_id': {
    isAlone: true,
    make: async (world) => ({ params: { provider_id: 'github' }, body: await denied(world) }),
  },
  'POST /auth/oauth/token': async (world, _access, caller) => ({
    body: {
      grant_type: 'refresh_token',
      refresh_token: (await world.signUp()).refreshToken,
      client_id: caller.project.id,
      client_secret: caller.project.publishableClientKey,
    },
  }),
  'POST /auth/oauth/cross-domain/authorize': async (world) => ({
    user: await world.signUp(),
    body: {
      redirect_uri: 'http://localhost:3000/other',
      state: 'state',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    },
  }),
};

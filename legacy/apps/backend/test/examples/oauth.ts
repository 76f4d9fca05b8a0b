import { randomUUID } from 'node:crypto';
import type { Examples } from '../example.ts';
import { freshEmail } from '../legacy.ts';
import { authorize, authorizeQuery, plantAccount } from '../oauth-mock.ts';
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
  'GET /connected-accounts/:user_id': async (world) => {
    const user = await world.signUp();
    await plantAccount(world, user.userId, { provider: 'spotify', accountId: freshEmail() });
    return { user, params: { user_id: user.userId } };
  },
  'POST /connected-accounts/:user_id/:provider_id/access-token': async (world) => {
    const user = await world.signUp();
    await plantAccount(world, user.userId, { provider: 'spotify', accountId: freshEmail() });
    return { user, params: { user_id: user.userId, provider_id: 'spotify' }, body: {} };
  },
  'POST /connected-accounts/:user_id/:provider_id/:provider_account_id/access-token': async (world) => {
    const user = await world.signUp();
    const accountId = freshEmail();
    await plantAccount(world, user.userId, { provider: 'spotify', accountId, scopes: ['read'] });
    return {
      user,
      params: { user_id: user.userId, provider_id: 'spotify', provider_account_id: accountId },
      body: { scope: 'read' },
    };
  },
  'POST /auth/oauth/connected-accounts/:provider_id/access-token': async (world) => {
    const user = await world.signUp();
    await plantAccount(world, user.userId, { provider: 'spotify', accountId: freshEmail() });
    return { user, params: { provider_id: 'spotify' }, body: {} };
  },
  'GET /oauth-providers': async (world) => {
    const user = await world.signUp();
    await plantAccount(world, user.userId, { provider: 'github', accountId: freshEmail() });
    return { user, query: { user_id: user.userId } };
  },
  'POST /oauth-providers': async (world) => ({
    body: {
      user_id: (await world.signUp()).userId,
      provider_config_id: 'github',
      account_id: randomUUID(),
      allow_sign_in: true,
      allow_connected_accounts: true,
    },
  }),
  'GET /oauth-providers/:user_id/:provider_id': accountOfUser,
  'PATCH /oauth-providers/:user_id/:provider_id': async (world) => ({
    ...(await accountOfUser(world)),
    body: { allow_connected_accounts: false },
  }),
  'DELETE /oauth-providers/:user_id/:provider_id': accountOfUser,
};

async function accountOfUser(world: World) {
  const user = await world.signUp();
  const id = await plantAccount(world, user.userId, { provider: 'github', accountId: freshEmail(), signIn: true });
  return { user, params: { user_id: user.userId, provider_id: id } };
}

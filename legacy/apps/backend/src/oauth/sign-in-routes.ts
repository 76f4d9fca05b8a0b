import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { urlSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { database } from '../database.ts';
import { isOAuthRedirectAllowed } from '../redirect-urls.ts';
import { clientOnly, endpoint } from '../wire/endpoint.ts';
import { json, redirect } from '../wire/reply.ts';
import { createAuthorizationCode } from './authorization-code.ts';
import { finishSignIn, signInCookie, withParameters } from './finish-sign-in.ts';
import { checkOAuthClient } from './oauth-client.ts';
import { scopeList } from './provider-client.ts';
import { startSignIn } from './start-sign-in.ts';

const providerParams = yupObject({ provider_id: yupString().defined() }).defined();
const responseMode = yupString().oneOf(['json', 'redirect']);
const addressCharactersMax = 4_096;
const address = urlSchema.max(addressCharactersMax);

const authorizeQuery = yupObject({
  client_id: yupString().defined(),
  client_secret: yupString().defined(),
  redirect_uri: address.defined(),
  scope: yupString().defined(),
  state: yupString().max(addressCharactersMax).defined(),
  grant_type: yupString().oneOf(['authorization_code']).defined(),
  code_challenge: yupString().defined(),
  code_challenge_method: yupString().oneOf(['plain', 'S256']).defined(),
  response_type: yupString().defined(),
  type: yupString().oneOf(['authenticate', 'link']).default('authenticate'),
  token: yupString().optional(),
  provider_scope: yupString().optional(),
  error_redirect_url: address.optional(),
  after_callback_redirect_url: yupString().max(addressCharactersMax).optional(),
  bot_challenge_token: yupString().optional(),
  bot_challenge_phase: yupString().oneOf(['invisible', 'visible']).optional(),
  bot_challenge_unavailable: yupString().oneOf(['true']).optional(),
  stack_response_mode: responseMode.optional(),
  hexclave_response_mode: responseMode.optional(),
}).defined();

/** Providers send more than these, each its own. */
const providerAnswer = yupObject({
  state: yupString().optional(),
  code: yupString().optional(),
  error: yupString().optional(),
})
  .unknown(true)
  .noUnknown(false)
  .defined();

export const providerSignInEndpoints = [
  endpoint({
    method: 'GET',
    path: '/auth/oauth/authorize/:provider_id',
    access: 'anyone',
    params: providerParams,
    query: authorizeQuery,
    handle: async ({ params, query }) => {
      const isJson = (query.stack_response_mode ?? query.hexclave_response_mode) === 'json';
      const { location, innerState } = await startSignIn({
        client: await checkOAuthClient(query.client_id, query.client_secret),
        providerId: params.provider_id,
        type: query.type,
        scope: query.scope,
        accessToken: query.token,
        extraScopes: scopeList(query.provider_scope ?? ''),
        hasCookie: !isJson,
        outer: {
          redirectUri: query.redirect_uri,
          state: query.state,
          codeChallenge: query.code_challenge,
          codeChallengeMethod: query.code_challenge_method,
          errorRedirectUrl: query.error_redirect_url ?? null,
          afterCallbackRedirectUrl: query.after_callback_redirect_url ?? null,
        },
      });
      return isJson ? json(200, { location }) : redirect(307, location, { 'set-cookie': signInCookie(innerState) });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/auth/oauth/callback/:provider_id',
    access: 'anyone',
    params: providerParams,
    query: providerAnswer,
    handle: ({ params, query, headers }) => finishSignIn({ ...query, providerId: params.provider_id }, headers.cookie),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/oauth/callback/:provider_id',
    access: 'anyone',
    params: providerParams,
    body: providerAnswer,
    handle: ({ params, body, headers }) => finishSignIn({ ...body, providerId: params.provider_id }, headers.cookie),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/oauth/cross-domain/authorize',
    access: clientOnly,
    body: yupObject({
      redirect_uri: address.defined(),
      state: yupString().max(addressCharactersMax).defined(),
      code_challenge: yupString().defined(),
      code_challenge_method: yupString().oneOf(['S256']).defined(),
      after_callback_redirect_url: yupString().max(addressCharactersMax).optional(),
    }).defined(),
    handle: async ({ auth, body }) => {
      const { redirect_uri: redirectUri, code_challenge: codeChallenge, after_callback_redirect_url: after } = body;
      if (!isOAuthRedirectAllowed(redirectUri, auth.project.config.domains)) throw new KnownErrors.RedirectUrlNotWhitelisted();
      const code = await createAuthorizationCode(database(), {
        ...(await liveSession(auth)),
        redirectUri,
        codeChallenge,
        codeChallengeMethod: 'S256',
        isNewUser: false,
        afterCallbackRedirectUrl: after ?? null,
      });
      return json(200, { redirect_url: withParameters(redirectUri, { code, state: body.state }) });
    },
  }),
];

/** An access token outlives its session: there must be one to hand over. Throws USER_AUTHENTICATION_REQUIRED, REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED. */
async function liveSession(auth: Auth) {
  if (auth.user === undefined || auth.refreshTokenId === undefined) throw new KnownErrors.UserAuthenticationRequired();
  const user = { tenancyId: auth.tenancyId, projectUserId: auth.user.projectUserId };
  const session = await database().projectUserRefreshToken.findFirst({
    where: { ...user, id: auth.refreshTokenId, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
    select: { id: true },
  });
  if (session === null) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
  return { user, grantedRefreshTokenId: session.id };
}

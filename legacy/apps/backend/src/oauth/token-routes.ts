import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { InferType } from 'yup';
import { config } from '../config.ts';
import { database } from '../database.ts';
import type { ProjectUserAuthorizationCode } from '../generated/prisma/client.ts';
import { type EndUserIp, endUserIpOf } from '../sessions/note-use.ts';
import { refreshSession } from '../sessions/session.ts';
import { signedIn, signIn } from '../sessions/sign-in-session.ts';
import { endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { redeemCode } from './authorization-code.ts';
import { checkOAuthClient, type OAuthClient } from './oauth-client.ts';

const tokenRequest = yupObject({
  grant_type: yupString().oneOf(['authorization_code', 'refresh_token']).defined(),
  refresh_token: yupString().optional(),
  client_id: yupString().optional(),
  client_secret: yupString().optional(),
  code: yupString().optional(),
  redirect_uri: yupString().optional(),
  code_verifier: yupString().optional(),
})
  .unknown(true)
  .noUnknown(false)
  .defined();

export const tokenEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/oauth/token',
    access: 'anyone',
    body: tokenRequest,
    handle: async ({ body, headers }) => {
      const client = await checkOAuthClient(body.client_id, body.client_secret);
      const granted =
        body.grant_type === 'authorization_code'
          ? await grantByCode(client, body)
          : await grantByRefresh(client, body, endUserIpOf(headers));
      return json(200, tokenAnswer(granted), { 'cache-control': 'no-store', pragma: 'no-cache' });
    },
  }),
];

type Granted = { accessToken: string; refreshToken: string; isNewUser: boolean; afterCallbackRedirectUrl: string | null };
type TokenRequest = InferType<typeof tokenRequest>;

async function grantByRefresh(client: OAuthClient, request: TokenRequest, from: EndUserIp | null): Promise<Granted> {
  const refreshToken = request.refresh_token ?? '';
  const { accessToken } = await refreshSession(refreshToken, client.projectId, client.branchId, from);
  return { accessToken, refreshToken, isNewUser: false, afterCallbackRedirectUrl: null };
}

/** Throws INVALID_AUTHORIZATION_CODE, MULTI_FACTOR_AUTHENTICATION_REQUIRED. */
async function grantByCode(client: OAuthClient, request: TokenRequest): Promise<Granted> {
  const { code, redirect_uri: redirectUri, code_verifier: codeVerifier } = request;
  if (code === undefined || redirectUri === undefined || codeVerifier === undefined) throw new KnownErrors.InvalidAuthorizationCode();
  const row = await redeemCode({ tenancyId: client.tenancyId, code, redirectUri, codeVerifier });
  const { newUser: isNewUser, afterCallbackRedirectUrl } = row;
  const tokens =
    row.grantedRefreshTokenId === null
      ? await openSession(client, row)
      : await handOverSession(client, { tenancyId: client.tenancyId, id: row.grantedRefreshTokenId });
  return { ...tokens, isNewUser, afterCallbackRedirectUrl };
}

async function openSession(client: OAuthClient, row: ProjectUserAuthorizationCode) {
  const outcome = await database().$transaction((tx) => signIn(tx, client, row.projectUserId, { isNewUser: row.newUser }));
  return signedIn(outcome, client);
}

/** The session the user had on another domain; it may have ended since. Its second factor was shown when it began. */
async function handOverSession(client: OAuthClient, session: { tenancyId: string; id: string }) {
  const row = await database().projectUserRefreshToken.findUnique({
    where: { tenancyId_id: session },
    select: { refreshToken: true },
  });
  if (row === null) throw new KnownErrors.InvalidAuthorizationCode();
  const { accessToken } = await refreshSession(row.refreshToken, client.projectId, client.branchId);
  return { accessToken, refreshToken: row.refreshToken };
}

/** Some things in two spellings, for clients of all ages. */
function tokenAnswer(granted: Granted) {
  return {
    access_token: granted.accessToken,
    token_type: 'Bearer',
    expires_in: config().accessTokenSeconds,
    refresh_token: granted.refreshToken,
    scope: 'legacy',
    is_new_user: granted.isNewUser,
    newUser: granted.isNewUser,
    after_callback_redirect_url: granted.afterCallbackRedirectUrl,
    afterCallbackRedirectUrl: granted.afterCallbackRedirectUrl,
  };
}

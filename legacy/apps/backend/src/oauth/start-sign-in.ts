import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from 'oauth4webapi';
import { checkAccessToken } from '../auth/access-token.ts';
import { config } from '../config.ts';
import { isOAuthRedirectAllowed } from '../redirect-urls.ts';
import { findUser } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import type { OAuthClient } from './oauth-client.ts';
import { type Provider, providerFor } from './provider.ts';
import { askedScopes, authorizationUrl } from './provider-client.ts';
import { type OuterRequest, rememberSignIn, type StartedSignIn } from './started-sign-in.ts';

export type SignInRequest = {
  client: OAuthClient;
  providerId: string;
  type: StartedSignIn['type'];
  scope: string;
  /** Of the user who links, or of an anonymous one who signs up. */
  accessToken: string | undefined;
  extraScopes: readonly string[];
  hasCookie: boolean;
  outer: OuterRequest;
};

/**
 * Remembers a sign-in and answers the provider's page for it, with the state by which it will come back. Throws INVALID_SCOPE,
 * REDIRECT_URL_NOT_WHITELISTED, OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED, OAUTH_EXTRA_SCOPE_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS, and what is
 * wrong with the token.
 */
export async function startSignIn(request: SignInRequest): Promise<{ location: string; innerState: string }> {
  const { client, outer } = request;
  if (request.scope !== 'legacy') throw new KnownErrors.InvalidScope(request.scope);
  if (!isOAuthRedirectAllowed(outer.redirectUri, client.config.domains)) throw new KnownErrors.RedirectUrlNotWhitelisted();
  const provider = providerFor(request.type, client.config, request.providerId, config().oauth);
  assertScopesAvailable(provider, request.extraScopes);
  const caller = request.accessToken === undefined ? null : await userOfToken(client, request.accessToken);
  if (request.type === 'link' && caller === null) throw new StatusError(400, 'Linking needs the access token of a user.');
  const scopes = askedScopes(provider, request.extraScopes);
  const codeVerifier = generateRandomCodeVerifier();
  const innerState = await rememberSignIn({
    projectId: client.projectId,
    branchId: client.branchId,
    providerId: provider.id,
    type: request.type,
    userId: request.type === 'link' || caller?.isAnonymous === true ? (caller?.projectUserId ?? null) : null,
    scopes,
    codeVerifier,
    hasCookie: request.hasCookie,
    outer,
  });
  const codeChallenge = await calculatePKCECodeChallenge(codeVerifier);
  return { location: authorizationUrl(provider, { state: innerState, codeChallenge, scopes }), innerState };
}

function assertScopesAvailable(provider: Provider, extraScopes: readonly string[]): void {
  if (provider.isShared && extraScopes.length > 0) throw new KnownErrors.OAuthExtraScopeNotAvailableWithSharedOAuthKeys();
}

async function userOfToken(client: OAuthClient, token: string): Promise<UserRow | null> {
  const checked = await checkAccessToken(token, config());
  if (checked.projectId !== client.projectId || checked.branchId !== client.branchId)
    throw new KnownErrors.InvalidProjectForAccessToken(client.projectId, checked.projectId);
  return findUser({ tenancyId: client.tenancyId, projectUserId: checked.userId });
}

import { KnownError, KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { config } from '../config.ts';
import { isOAuthRedirectAllowed } from '../redirect-urls.ts';
import { type Reply, redirect } from '../wire/reply.ts';
import { findOAuthClient, type OAuthClient } from './oauth-client.ts';
import { providerFor } from './provider.ts';
import { exchangeCode, fetchProfile } from './provider-client.ts';
import { arrive } from './sign-in-with-account.ts';
import { findSignIn, type OuterRequest, type StartedSignIn, takeSignIn } from './started-sign-in.ts';

/** What the provider sent the browser back with. */
export type ProviderAnswer = { providerId: string; state?: string | undefined; code?: string | undefined; error?: string | undefined };

const cookieName = (innerState: string) => `stack-oauth-inner-${innerState}`;

/** The cookie of a browser that was sent to a provider. */
export function signInCookie(innerState: string): string {
  return `${cookieName(innerState)}=true; Path=/; HttpOnly`;
}

/**
 * Takes a person back from a provider and sends the browser on to the project: with a code, or with the known error. Until it is sure whose
 * sign-in this is, refusals are told here: OUTER_OAUTH_TIMEOUT for one that is over, came back already or never was.
 */
export async function finishSignIn(answer: ProviderAnswer, cookie: string): Promise<Reply> {
  const innerState = answer.state ?? '';
  const found = await findSignIn(innerState);
  if (found === null || found.signIn.providerId !== answer.providerId) throw new KnownErrors.OuterOAuthTimeout();
  const { signIn, isOver } = found;
  if (signIn.hasCookie && !cookie.split(/;\s*/).includes(`${cookieName(innerState)}=true`))
    throw new StatusError(400, 'This sign-in was started in another browser, or its cookie is gone. Please sign in again.');
  if (!(await takeSignIn(innerState))) throw new KnownErrors.OuterOAuthTimeout();
  const headers: Record<string, string> = signIn.hasCookie
    ? { 'set-cookie': `${cookieName(innerState)}=; Path=/; Max-Age=0; HttpOnly` }
    : {};
  const client = await findOAuthClient(signIn.projectId, signIn.branchId);
  try {
    if (isOver) throw new KnownErrors.OuterOAuthTimeout();
    const code = await changeCode(client, signIn, answer);
    return redirect(303, withParameters(signIn.outer.redirectUri, { code, state: signIn.outer.state }), headers);
  } catch (error) {
    if (!KnownError.isKnownError(error)) throw error;
    return redirect(307, errorUrl(client, signIn.outer, error), headers);
  }
}

/** The provider's code for one of ours. The settings may have changed in between; those in force now count. */
async function changeCode(client: OAuthClient, signIn: StartedSignIn, answer: ProviderAnswer): Promise<string> {
  if (answer.error !== undefined) throw asKnownError(answer.error);
  if (answer.code === undefined) throw new KnownErrors.OAuthProviderAccessDenied();
  const provider = providerFor(signIn.type, client.config, signIn.providerId, config().oauth);
  const tokens = await exchangeCode(provider, { code: answer.code, codeVerifier: signIn.codeVerifier, scopes: signIn.scopes });
  const profile = await fetchProfile(provider, tokens.accessToken);
  return arrive({ client, provider, profile, tokens, signIn });
}

/** RFC 6749, 4.1.2.1. */
function asKnownError(error: string): Error {
  return error === 'server_error' || error === 'temporarily_unavailable'
    ? new KnownErrors.OAuthProviderTemporarilyUnavailable()
    : new KnownErrors.OAuthProviderAccessDenied();
}

function errorUrl(client: OAuthClient, outer: OuterRequest, error: KnownError): string {
  const { errorRedirectUrl, redirectUri } = outer;
  const isAllowed = errorRedirectUrl !== null && isOAuthRedirectAllowed(errorRedirectUrl, client.config.domains);
  return withParameters(isAllowed ? errorRedirectUrl : redirectUri, {
    error: 'server_error',
    errorCode: error.errorCode,
    message: error.message,
    details: JSON.stringify(error.details ?? {}),
  });
}

/** The address with these parameters, and no other of their names. */
export function withParameters(address: string, parameters: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
  validateAuthResponse,
} from 'oauth4webapi';
import { config } from '../config.ts';
import { log } from '../log.ts';
import type { Provider } from './provider.ts';
import type { Profile } from './provider-kinds.ts';

/** What a provider gave. Tokens never leave this server but to the project that asks for one. */
export type ProviderTokens = { accessToken: string; refreshToken: string | null; scopes: string[]; expiresAt: Date };

const timeoutMillis = 8_000;
const answerBytesMax = 256 * 1024;
/** For tokens whose provider does not say when they end. */
const unknownLifeMillis = 365 * 24 * 60 * 60 * 1000;
/** RFC 6749, and what GitHub says instead. */
const refusalsOfRefresh = new Set(['invalid_grant', 'bad_refresh_token']);

/** Where the provider sends people back to: part of what is registered with it. */
export function callbackUrl(providerId: string): string {
  return `${config().publicApiUrl}/api/v1/auth/oauth/callback/${encodeURIComponent(providerId)}`;
}

/** Scopes as they are written in one text: by spaces, or commas as GitHub has them. */
export function scopeList(text: string): string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== '');
}

/** All scopes to ask a provider for: its own, and those asked for besides, each once. */
export function askedScopes(provider: Provider, extraScopes: readonly string[]): string[] {
  return [...new Set([...provider.kind.scopes, ...extraScopes])];
}

/** The provider's page where a person allows it. */
export function authorizationUrl(provider: Provider, request: { state: string; codeChallenge: string; scopes: readonly string[] }): string {
  const url = new URL(provider.kind.authorizationUrl);
  const parameters = {
    ...provider.kind.authorizationParameters,
    client_id: provider.clientId,
    redirect_uri: callbackUrl(provider.id),
    response_type: 'code',
    scope: request.scopes.join(' '),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Changes the code that the provider sent back for tokens. Throws OAUTH_PROVIDER_ACCESS_DENIED, OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE. */
export async function exchangeCode(
  provider: Provider,
  callback: { code: string; codeVerifier: string; scopes: readonly string[] },
): Promise<ProviderTokens> {
  const { server, client, authentication, options } = party(provider);
  try {
    // State and error were looked at before: each sign-in has a row and each provider a callback of its own, so `iss` adds nothing.
    const checked = validateAuthResponse(server, client, new URLSearchParams({ code: callback.code }));
    const response = await authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      checked,
      callbackUrl(provider.id),
      callback.codeVerifier,
      options,
    );
    return tokensOf(await processAuthorizationCodeResponse(server, client, response), callback.scopes);
  } catch (error) {
    const reason = noteFailure(provider, 'code', error);
    throw reason === 'invalid_grant' || reason === 'access_denied'
      ? new KnownErrors.OAuthProviderAccessDenied()
      : new KnownErrors.OAuthProviderTemporarilyUnavailable();
  }
}

/** New tokens for a refresh token, or null when the provider takes it no more. Throws OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE. */
export async function refreshTokens(
  provider: Provider,
  former: { refreshToken: string; scopes: readonly string[] },
): Promise<ProviderTokens | null> {
  const { server, client, authentication, options } = party(provider);
  try {
    const response = await refreshTokenGrantRequest(server, client, authentication, former.refreshToken, options);
    return tokensOf(await processRefreshTokenResponse(server, client, response), former.scopes);
  } catch (error) {
    const reason = noteFailure(provider, 'refresh', error);
    if (refusalsOfRefresh.has(reason)) return null;
    throw new KnownErrors.OAuthProviderTemporarilyUnavailable();
  }
}

/** Who the access token's owner is. Throws OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE. */
export async function fetchProfile(provider: Provider, accessToken: string): Promise<Profile> {
  try {
    const answers = await Promise.all(provider.kind.profileUrls.map((url) => fetchJson(url, accessToken)));
    return provider.kind.readProfile(answers);
  } catch (error) {
    noteFailure(provider, 'profile', error);
    throw new KnownErrors.OAuthProviderTemporarilyUnavailable();
  }
}

function party(provider: Provider) {
  const server: AuthorizationServer = { issuer: new URL(provider.kind.tokenUrl).origin, token_endpoint: provider.kind.tokenUrl };
  const client: Client = { client_id: provider.clientId };
  const authentication: ClientAuth =
    provider.kind.clientAuthentication === 'basic' ? ClientSecretBasic(provider.clientSecret) : ClientSecretPost(provider.clientSecret);
  const isLoopback = provider.kind.tokenUrl.startsWith('http://');
  return { server, client, authentication, options: { [customFetch]: fetchTokens, [allowInsecureRequests]: isLoopback } };
}

function tokensOf(answer: TokenEndpointResponse, askedFor: readonly string[]): ProviderTokens {
  const granted = scopeList(answer.scope ?? '');
  const lifeMillis = answer.expires_in === undefined ? unknownLifeMillis : answer.expires_in * 1000;
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    scopes: granted.length === 0 ? [...askedFor] : granted,
    expiresAt: new Date(Date.now() + lifeMillis),
  };
}

/** The provider's word for what went wrong, or ours; logged without anything it sent. */
function noteFailure(provider: Provider, step: string, error: unknown): string {
  const reason = error instanceof ResponseBodyError ? error.error.slice(0, 60) : error instanceof Error ? error.name : 'unknown';
  log('warn', 'oauth provider failed', { provider: provider.type, step, reason });
  return reason;
}

async function fetchJson(url: string, accessToken: string): Promise<unknown> {
  const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}`, 'user-agent': 'stack-auth' };
  const { response, text } = await fetchLimited(url, { headers });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return JSON.parse(text);
}

/**
 * Makes token answers alike: GitHub refuses with 200, Twitch lists scopes in an array, and an id token would be checked against an issuer,
 * though who somebody is comes from the profile.
 */
async function fetchTokens(url: string, init: RequestInit): Promise<Response> {
  const { response, text } = await fetchLimited(url, init);
  const answer: unknown = parseJson(text);
  if (typeof answer !== 'object' || answer === null) return new Response(text, { status: response.status, headers: response.headers });
  const { id_token: _identity, scope, ...rest } = answer as Record<string, unknown>;
  const alike = { ...rest, ...(scope === undefined || scope === null ? {} : { scope: Array.isArray(scope) ? scope.join(' ') : scope }) };
  const isRefusal = typeof rest['error'] === 'string' && response.ok;
  return Response.json(alike, { status: isRefusal ? 400 : response.status });
}

async function fetchLimited(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMillis) });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return { response, text: Buffer.concat(chunks).toString('utf8') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

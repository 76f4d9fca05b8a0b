import { createHash, randomBytes } from 'node:crypto';
import { Browser, signInAtProvider } from '../../oauth-provider/browse.ts';
import { act } from './act.ts';
import type { Client } from './person.ts';

const provider = 'github';
const redirectUri = 'http://localhost:3000/handler/oauth-callback';
const tokenRequest = /^POST .*\/auth\/oauth\/token/;
const accessTokenRequest = /^POST .*\/connected-accounts\/.*access-token/;
const people = 5;
const refreshes = 2;

/**
 * One of a few people signs in with the development provider, as a browser would, and their program asks for the provider's access token and
 * refreshes its own session. The SDK's own redirects need a browser; here the same requests are made by hand.
 */
export async function visitWithProvider({ sdk, settings }: Client, n: number): Promise<void> {
  const email = `o${n % people}-${settings.client.replaceAll('.', '-')}@${settings.run}.example.com`;
  const { value: session } = await act({ n, kind: 'provider-sign-in', write: tokenRequest }, () => signIn(settings.providerTarget, email));
  if (session === undefined) return;
  const app = sdk.createClient(settings.providerTarget, session);
  const { value: user } = await act({ n, kind: 'who-am-i', write: /^GET .*\/users\/me/ }, () => app.getUser());
  if (!user) return;
  const { value: accounts } = await act({ n, kind: 'connected-accounts', write: /^GET / }, () => user.listConnectedAccounts());
  for (let at = 0; at < refreshes; at += 1) {
    await act({ n, kind: 'provider-token', write: accessTokenRequest }, async () => accounts?.[0]?.getAccessToken());
    await act({ n, kind: 'refresh', write: tokenRequest }, () => refresh(settings.providerTarget, session.refreshToken));
  }
}

type Target = Client['settings']['providerTarget'];
type Session = { accessToken: string; refreshToken: string };

async function signIn(target: Target, email: string): Promise<Session> {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${target.baseUrl}/api/v1/auth/oauth/authorize/${provider}`);
  url.search = new URLSearchParams({
    ...clientOf(target),
    redirect_uri: redirectUri,
    scope: 'legacy',
    state: randomBytes(16).toString('hex'),
    grant_type: 'authorization_code',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    response_type: 'code',
    type: 'authenticate',
    error_redirect_url: redirectUri,
    stack_response_mode: 'json',
  }).toString();
  const { location } = (await (await fetch(url)).json()) as { location: string };
  const end = await signInAtProvider(new Browser(), location, { email, isEnd: (at) => at.startsWith(redirectUri) });
  const code = end.url.startsWith(redirectUri) ? new URL(end.url).searchParams.get('code') : null;
  if (code === null) throw new Error(`the sign-in ended at ${end.url}: ${end.status}`);
  return exchange(target, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier });
}

function refresh(target: Target, refreshToken: string): Promise<Session> {
  return exchange(target, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function exchange(target: Target, grant: Record<string, string>): Promise<Session> {
  const response = await fetch(`${target.baseUrl}/api/v1/auth/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...clientOf(target), ...grant }),
  });
  if (response.status !== 200) throw new Error(`the token endpoint answered ${response.status}: ${await response.text()}`);
  const { access_token: accessToken, refresh_token: refreshToken } = (await response.json()) as Record<string, string>;
  if (accessToken === undefined || refreshToken === undefined) throw new Error('the token endpoint gave no tokens');
  return { accessToken, refreshToken };
}

function clientOf({ projectId, publishableClientKey }: Target): { client_id: string; client_secret: string } {
  return { client_id: projectId, client_secret: publishableClientKey ?? '__stack_public_client__' };
}

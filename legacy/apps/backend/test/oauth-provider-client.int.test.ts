import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KnownError } from '@stackframe/stack-shared/dist/known-errors';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Provider } from '../src/oauth/provider.ts';
import { exchangeCode, fetchProfile, refreshTokens } from '../src/oauth/provider-client.ts';
import { providerKinds } from '../src/oauth/provider-kinds.ts';

// Providers as they are: each bends the standard a little, and some days they are down.

type Asked = { headers: IncomingMessage['headers']; form: URLSearchParams };
let answerWith: (response: ServerResponse) => void;
let asked: Asked | undefined;
const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  asked = { headers: request.headers, form: new URLSearchParams(Buffer.concat(chunks).toString()) };
  answerWith(response);
});
let provider: Provider;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const github = providerKinds.github;
  if (github === undefined) throw new Error('there is no github');
  const base = `http://127.0.0.1:${port}`;
  Object.assign(process.env, {
    LEGACY_ENVIRONMENT: 'development',
    LEGACY_DATABASE_URL: 'postgres://nowhere',
    STACK_PUBLIC_API_URL: 'http://localhost:8102',
    STACK_SERVER_SECRET: 'a-secret-for-these-tests',
    LEGACY_SERVICE_TOKEN: 'token',
  });
  provider = {
    id: 'github',
    type: 'github',
    isShared: false,
    allowSignIn: true,
    allowConnectedAccounts: true,
    clientId: 'client',
    clientSecret: 'secret',
    kind: { ...github, tokenUrl: `${base}/token`, profileUrls: [`${base}/user`] },
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
});
afterAll(() => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
});

const sends = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
};
const change = () => exchangeCode(provider, { code: 'code', codeVerifier: 'v'.repeat(43), scopes: ['asked'] });
const refresh = () => refreshTokens(provider, { refreshToken: 'former', scopes: ['asked'] });
const errorOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (KnownError.isKnownError(error) ? error.errorCode : String(error)),
  );
const good = { access_token: 'access', token_type: 'bearer' };

describe('a code is changed for tokens', () => {
  test('with the verifier and the callback it was asked for with', async () => {
    answerWith = sends(200, { ...good, refresh_token: 'refresh', expires_in: 3600, scope: 'granted' });
    const tokens = await change();
    expect(tokens).toMatchObject({ accessToken: 'access', refreshToken: 'refresh', scopes: ['granted'] });
    expect(Math.abs(tokens.expiresAt.getTime() - Date.now() - 3_600_000)).toBeLessThan(5_000);
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code',
      code_verifier: 'v'.repeat(43),
      redirect_uri: 'http://localhost:8102/api/v1/auth/oauth/callback/github',
      client_id: 'client',
      client_secret: 'secret',
    });
  });

  test('with the secret as HTTP Basic, where the provider wants it so', async () => {
    answerWith = sends(200, good);
    const basic = { ...provider, kind: { ...provider.kind, clientAuthentication: 'basic' as const } };
    await exchangeCode(basic, { code: 'code', codeVerifier: 'v', scopes: [] });
    expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('client:secret').toString('base64')}`);
    expect(asked?.form.has('client_secret')).toBe(false);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['by spaces', { scope: 'a b' }, ['a', 'b']],
    ['by commas, as GitHub does', { scope: 'a,b' }, ['a', 'b']],
    ['in an array, as Twitch does', { scope: ['a', 'b'] }, ['a', 'b']],
    ['not at all: those asked for', {}, ['asked']],
    ['as nothing: those asked for', { scope: '' }, ['asked']],
  ])('with scopes told %s', async (_name, more, expected) => {
    answerWith = sends(200, { ...good, ...more });
    expect((await change()).scopes).toEqual(expected);
  });

  test('without looking at an id token', async () => {
    answerWith = sends(200, { ...good, id_token: 'not.a.token' });
    expect((await change()).accessToken).toBe('access');
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ['a refusal', sends(400, { error: 'invalid_grant' }), 'OAUTH_PROVIDER_ACCESS_DENIED'],
    ['a fault of ours', sends(401, { error: 'invalid_client' }), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    ['a fault of theirs', sends(503, 'down for maintenance'), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    ['nonsense', sends(200, '<html>'), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    ['no token', sends(200, { token_type: 'bearer' }), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    ['an answer too large', sends(200, { ...good, padding: 'x'.repeat(300_000) }), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    ['a hung-up connection', (response) => response.destroy(), 'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE'],
    [
      'a redirect elsewhere',
      (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      'OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE',
    ],
  ])('or not: %s', async (_name, answer, expected) => {
    answerWith = answer;
    expect(await errorOf(change())).toBe(expected);
  });
});

describe('a refresh token', () => {
  test('gives new tokens, and may be replaced', async () => {
    answerWith = sends(200, { ...good, refresh_token: 'next' });
    expect(await refresh()).toMatchObject({ accessToken: 'access', refreshToken: 'next', scopes: ['asked'] });
    expect(asked?.form.get('refresh_token')).toBe('former');
  });

  test.each([
    ['400 by the standard', 400, 'invalid_grant'],
    ['200, as GitHub does', 200, 'bad_refresh_token'],
  ])('that is refused with %s is of no use any more', async (_name, status, error) => {
    answerWith = sends(status, { error });
    expect(await refresh()).toBeNull();
  });

  test('stays good while the provider is down, or does not know the client', async () => {
    answerWith = sends(500, {});
    expect(await errorOf(refresh())).toBe('OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE');
    answerWith = sends(401, { error: 'invalid_client' });
    expect(await errorOf(refresh())).toBe('OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE');
  });
});

describe('a profile', () => {
  test('is read with the access token', async () => {
    answerWith = sends(200, { id: 1, login: 'ada' });
    expect(await fetchProfile(provider, 'access')).toMatchObject({ accountId: '1', email: null, displayName: 'ada' });
    expect(asked?.headers.authorization).toBe('Bearer access');
  });

  test.each([
    ['is refused', sends(401, { id: 1 })],
    ['does not say who it is', sends(200, { login: 'ada' })],
    ['is nonsense', sends(200, 'hello')],
  ])('that %s signs nobody in', async (_name, answer) => {
    answerWith = answer;
    expect(await errorOf(fetchProfile(provider, 'access'))).toBe('OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE');
  });
});

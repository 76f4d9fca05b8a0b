import { requestJson } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, signInAtProvider } from './oauth-provider/browse.ts';
import { clientSecret } from './oauth-provider/provider.ts';
import { createOAuthProvider } from './oauth-provider.ts';

const publicUrl = 'http://localhost:8102';
const callback = `${publicUrl}/api/v1/auth/oauth/callback/github`;
const provider = createOAuthProvider({ httpPort: 0, publicUrl, accessTokenSeconds: 2, log: createLogger('oauth-provider', 'silent') });
let url: string;

beforeAll(async () => {
  ({ url } = await provider.start());
});
afterAll(() => provider.stop());

test('a person signs in with an address, and the client gets tokens, their e-mail, and new tokens later', async () => {
  const { code, state } = await authorize('Ada@example.com', 'openid offline_access repo user:email');
  expect(state).toBe('s1');
  const tokens = await token({ grant_type: 'authorization_code', code, redirect_uri: callback });
  expect(tokens).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 2 } });
  const { access_token, refresh_token, scope } = tokens.body as Record<string, string>;
  expect(scope?.split(' ').sort()).toEqual(['offline_access', 'openid', 'repo', 'user:email']);
  expect(await userinfo(access_token)).toMatchObject({ status: 200, body: { sub: 'ada@example.com', email: 'ada@example.com' } });

  await expect.poll(async () => (await userinfo(access_token)).status, { timeout: 10_000 }).toBe(401);
  const renewed = await token({ grant_type: 'refresh_token', refresh_token: refresh_token ?? '' });
  expect(renewed.status).toBe(200);
  const { access_token: newToken } = renewed.body as Record<string, string>;
  expect(await userinfo(newToken)).toMatchObject({ status: 200, body: { email_verified: true } });
});

test('when a person takes their grants back, refreshing is refused, for them only', async () => {
  const [ada, bob] = await Promise.all(['ada2@example.com', 'bob2@example.com'].map(async (email) => refreshTokenOf(email)));
  const revoked = await requestJson(`${url}/revoke-account`, { method: 'POST', body: { email: 'Ada2@example.com' }, timeoutMs: 2_000 });
  expect(revoked.body).toEqual({ revoked: expect.any(Number) });
  expect(await token({ grant_type: 'refresh_token', refresh_token: ada ?? '' })).toMatchObject({ body: { error: 'invalid_grant' } });
  expect(await token({ grant_type: 'refresh_token', refresh_token: bob ?? '' })).toMatchObject({ status: 200 });
});

test('one browser signs in as two people: nobody stays signed in', async () => {
  const browser = new Browser();
  const isEnd = (at: string) => at.startsWith(callback);
  for (const email of ['one@example.com', 'two@example.com']) {
    const end = await signInAtProvider(browser, authorizationUrl('openid'), { email, isEnd });
    const code = new URL(end.url).searchParams.get('code') ?? '';
    const { body } = await token({ grant_type: 'authorization_code', code, redirect_uri: callback });
    expect(await userinfo((body as Record<string, string>)['access_token'])).toMatchObject({ body: { sub: email } });
  }
});

test('a person who cancels is sent back with access_denied', async () => {
  const end = await signInAtProvider(new Browser(), authorizationUrl('openid'), { email: null, isEnd: (at) => at.startsWith(callback) });
  expect(Object.fromEntries(new URL(end.url).searchParams)).toMatchObject({ error: 'access_denied', state: 's1' });
});

test('what is no address is asked for again, and an unknown callback or secret is refused', async () => {
  const again = await signInAtProvider(new Browser(), authorizationUrl('openid'), { email: '<b>', isEnd: () => true });
  expect(again).toMatchObject({ status: 400, text: expect.stringContaining('not an e-mail address') });
  const foreign = authorizationUrl('openid').replace(encodeURIComponent(callback), encodeURIComponent('http://evil.example/'));
  expect(await new Browser().open(foreign)).toMatchObject({ status: 400, text: expect.stringContaining('invalid_redirect_uri') });
  const wrong = await token({ grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'wrong' });
  expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});

test('a code is used once, also with the secret in the header', async () => {
  const { code } = await authorize('cat@example.com', 'openid');
  const body = { grant_type: 'authorization_code', code, redirect_uri: callback };
  const headers = { authorization: `Basic ${Buffer.from(`github:${clientSecret}`).toString('base64')}` };
  const first = await fetch(`${url}/token`, { method: 'POST', headers, body: new URLSearchParams(body) });
  expect(first.status).toBe(200);
  expect(await token(body)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
});

test('an interaction that does not exist says what to do', async () => {
  const answer = await fetch(`${url}/interaction/nothing`);
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('start again')]);
});

async function refreshTokenOf(email: string): Promise<string | undefined> {
  const { code } = await authorize(email, 'openid offline_access');
  const { body } = await token({ grant_type: 'authorization_code', code, redirect_uri: callback });
  return (body as Record<string, string>)['refresh_token'];
}

async function authorize(email: string, scope: string): Promise<{ code: string; state: string | null }> {
  const end = await signInAtProvider(new Browser(), authorizationUrl(scope), { email, isEnd: (at) => at.startsWith(callback) });
  const query = new URL(end.url).searchParams;
  return { code: query.get('code') ?? '', state: query.get('state') };
}

function authorizationUrl(scope: string): string {
  return `${url}/auth?${new URLSearchParams({ client_id: 'github', redirect_uri: callback, response_type: 'code', state: 's1', scope })}`;
}

async function token(form: Record<string, string>) {
  const body = new URLSearchParams({ client_id: 'github', client_secret: clientSecret, ...form });
  const response = await fetch(`${url}/token`, { method: 'POST', body });
  return { status: response.status, body: await response.json() };
}

function userinfo(accessToken = '') {
  return requestJson(`${url}/me`, { headers: { authorization: `Bearer ${accessToken}` }, timeoutMs: 2_000 });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer } from './legacy.ts';
import type { Person, World } from './world.ts';

/** The development stand-in for OAuth providers, as a process of its own: the legacy knows it by its address only. */
export async function startOAuthMock(): Promise<{ url: string; revoke(email: string): Promise<void>; stop(): Promise<void> }> {
  const port = await freePort();
  const main = fileURLToPath(new URL('../../../../packages/dev/src/oauth-provider.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ATLAS_ENVIRONMENT: 'development', OAUTH_PROVIDER_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('oauth provider ready')) break;
  child.stdout.resume();
  if (child.exitCode !== null) throw new Error('the stand-in for OAuth providers did not start');
  const url = `http://localhost:${port}`;
  return {
    url,
    revoke: async (email) => {
      const body = JSON.stringify({ email });
      await fetch(`${url}/revoke-account`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    },
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const redirectsMax = 10;
const callbackBase = 'http://localhost:8102/api/v1';

/** Says at the provider's page who one is (null: presses Cancel), and answers where the provider sends the browser back to. */
export async function visitProvider(location: string, email: string | null): Promise<string> {
  const cookies = new Map<string, string>();
  const open = async (url: string, form?: Record<string, string>) => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/);
      cookies.set(name, value);
    }
    return { text: await response.text(), next: response.headers.get('location') };
  };
  let url = location;
  let form: Record<string, string> | undefined;
  for (let hop = 0; hop < redirectsMax; hop += 1) {
    const { text, next } = await open(url, form);
    form = undefined;
    if (next === null) {
      const action = /action="(\/interaction\/[^"]+)"/.exec(text)?.[1];
      if (action === undefined) throw new Error(`no page to sign in on: ${text.slice(0, 300)}`);
      url = new URL(action, url).href;
      form = email === null ? { cancel: 'yes' } : { email };
    } else {
      url = new URL(next, url).href;
      if (url.startsWith(callbackBase)) return url;
    }
  }
  throw new Error(`more than ${redirectsMax} redirects from ${location}`);
}

export const redirectUri = 'http://localhost:3000/done?kept=1';
/** RFC 7636, appendix B. */
export const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** What the published clients send to start, for a project; `more` comes on top. */
export function authorizeQuery(world: World, more: Record<string, string> = {}): Record<string, string> {
  return {
    client_id: world.project.id,
    client_secret: world.project.publishableClientKey,
    redirect_uri: redirectUri,
    scope: 'legacy',
    state: 'state-of-the-client',
    grant_type: 'authorization_code',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    response_type: 'code',
    type: 'authenticate',
    ...more,
  };
}

export function authorize(world: World, provider: string, more: Record<string, string> = {}): Promise<Answer> {
  return world.call('none', 'GET', `/auth/oauth/authorize/${provider}?${new URLSearchParams(authorizeQuery(world, more))}`);
}

/** Up to the moment where the browser comes back: the address it comes to. */
export async function goToProvider(
  world: World,
  provider: string,
  email: string | null,
  more: Record<string, string> = {},
): Promise<string> {
  const started = await authorize(world, provider, { stack_response_mode: 'json', ...more });
  if (started.status !== 200) throw new Error(`authorize answered ${started.status}: ${started.text}`);
  return visitProvider(String(started.json['location']), email);
}

export function comeBack(world: World, callback: string, headers: Record<string, string> = {}): Promise<Answer> {
  return world.call('none', 'GET', callback.slice(callbackBase.length), { headers });
}

/** Where an answer sends the browser. */
export function leadsTo(answer: Answer): URL {
  return new URL(answer.headers.get('location') ?? `missing:${answer.status} ${answer.text}`);
}

export function exchange(world: World, code: string, more: Record<string, string> = {}): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
    client_id: world.project.id,
    client_secret: world.project.publishableClientKey,
    ...more,
  });
  return world.call('none', 'POST', '/auth/oauth/token', {
    rawBody: body.toString(),
    contentType: 'application/x-www-form-urlencoded',
  });
}

/** There and back: the code for the client. */
export async function codeFor(world: World, provider: string, email: string, more: Record<string, string> = {}): Promise<string> {
  const arrived = leadsTo(await comeBack(world, await goToProvider(world, provider, email, more)));
  const code = arrived.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${arrived}`);
  return code;
}

/** Signs in with a provider, all the way. */
export async function signInWith(
  world: World,
  provider: string,
  email: string,
  more: Record<string, string> = {},
): Promise<Person & { isNew: boolean }> {
  const answer = await exchange(world, await codeFor(world, provider, email, more));
  if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}: ${answer.text}`);
  const accessToken = String(answer.json['access_token']);
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
  const isNew = answer.json['is_new_user'] === true;
  return { email, userId: claims.sub, accessToken, refreshToken: String(answer.json['refresh_token']), isNew };
}

/** An account at a provider with a token that is kept, as if its user had come from there. */
export async function plantAccount(
  world: World,
  userId: string,
  account: { provider: string; accountId: string; scopes?: string[]; signIn?: boolean },
): Promise<string> {
  const made = await world.must('server', 'POST', '/oauth-providers', {
    body: {
      user_id: userId,
      provider_config_id: account.provider,
      account_id: account.accountId,
      allow_sign_in: account.signIn ?? false,
      allow_connected_accounts: true,
    },
  });
  const tokenColumns = `"tenancyId", "id", "oauthAccountId", "accessToken", "scopes", "expiresAt"`;
  await world.legacy.admin.query(
    `insert into "OAuthAccessToken" (${tokenColumns}) values ($1, gen_random_uuid(), $2, 'kept-access-token', $3, now() + interval '1 hour')`,
    [world.project.tenancyId, made['id'], account.scopes ?? []],
  );
  return String(made['id']);
}

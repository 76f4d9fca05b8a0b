import type { CurrentUser, StackAdminApp, StackClientApp } from 'stack-js-2.8.108';
import { Browser, signInAtProvider } from '../oauth-provider/browse.ts';
import type { Sdk, SdkTarget, SdkTokens } from '../scenario/sdk.ts';
import type { Caller } from './caller.ts';
import type { MailReader } from './mail-reader.ts';

export const password = 'correct horse 7';
/** Where links in mails and sign-ins with a provider lead: nothing listens there, the requests are what counts. */
export const appUrl = 'http://localhost:3000';

/** What one run works with: its project, and how to act beside the recorded calls. */
export type World = {
  sdk: Sdk;
  caller: Caller;
  mails: MailReader;
  /** The project of this run, reached by the run's own door. */
  target: Required<SdkTarget>;
  /** The API's public URL, which redirects name whatever the door. */
  publicUrl: string;
  /** A word of this run: addresses are made of it. */
  run: string;
  admin: StackAdminApp<true>;
};

/** A person signed in to an app of their own, as calls of others need one. */
export type Member = { app: StackClientApp<true>; user: CurrentUser; email: string };

export function emailOf(world: World, name: string): string {
  return `${name}-${world.run}@example.com`;
}

/** Signs up beside the recorded calls. Addresses are verified when `verified`, by the project's server. */
export async function signUp(world: World, name: string, options: { verified?: boolean } = {}): Promise<Member> {
  const email = emailOf(world, name);
  const app = world.sdk.createClient(world.target);
  const result = await app.signUpWithCredential({ email, password, noVerificationCallback: true, noRedirect: true });
  if (result.status === 'error') throw result.error;
  const user = await app.getUser({ or: 'throw' });
  if (options.verified === true) {
    const serverUser = await world.sdk.createServer(world.target).getUser(user.id);
    await serverUser?.update({ primaryEmailVerified: true });
  }
  return { app, user, email };
}

export type OAuthSignIn = { provider: string; email: string; link?: { accessToken: string }; scope?: string };

const verifier = 'a-verifier-that-is-the-same-in-every-run-0123456789';
const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))).toString('base64url');

/**
 * Signs in with a provider by the requests a browser's app makes: authorize, the provider's page, the callback, the exchange of the code.
 * Throws with the answer when there is no session in the end.
 */
export async function signInWithOAuth(world: World, { provider, email, link, scope }: OAuthSignIn): Promise<SdkTokens> {
  const { baseUrl, projectId, publishableClientKey } = world.target;
  const returnTo = `${appUrl}/handler/oauth-callback`;
  const client = { client_id: projectId, client_secret: publishableClientKey };
  const query = new URLSearchParams({
    ...client,
    redirect_uri: returnTo,
    scope: 'legacy',
    state: 'a-state-of-the-app',
    grant_type: 'authorization_code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    response_type: 'code',
    type: link === undefined ? 'authenticate' : 'link',
    error_redirect_url: `${appUrl}/handler/error`,
    stack_response_mode: 'json',
    ...(link === undefined ? {} : { token: link.accessToken }),
    ...(scope === undefined ? {} : { provider_scope: scope }),
  });
  const begun = await fetch(`${baseUrl}/api/v1/auth/oauth/authorize/${provider}?${query}`);
  const { location } = (await readOk(begun)) as { location: string };
  const browser = new Browser((url) => (url.startsWith(world.publicUrl) ? baseUrl + url.slice(world.publicUrl.length) : url));
  const end = await signInAtProvider(browser, location, { email, isEnd: (url) => url.startsWith(appUrl) });
  const code = new URL(end.url).searchParams.get('code');
  if (code === null) throw new Error(`the way back ended without a code: ${end.url} ${end.text.slice(0, 300)}`);
  const form = { ...client, grant_type: 'authorization_code', code, redirect_uri: returnTo, code_verifier: verifier };
  const exchanged = await fetch(`${baseUrl}/api/v1/auth/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  const tokens = (await readOk(exchanged)) as { access_token: string; refresh_token: string };
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

/** A JSON request as this project's client, for what no SDK call does by itself. */
export async function asClient(world: World, path: string, body: object): Promise<unknown> {
  const { baseUrl, projectId, publishableClientKey } = world.target;
  const response = await fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-stack-access-type': 'client',
      'x-stack-project-id': projectId,
      'x-stack-publishable-client-key': publishableClientKey,
    },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function readOk(response: Response): Promise<unknown> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${new URL(response.url).pathname} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

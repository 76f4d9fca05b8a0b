import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import {
  authorize,
  codeFor,
  codeVerifier,
  comeBack,
  exchange,
  goToProvider,
  leadsTo,
  redirectUri,
  signInWith,
  startOAuthMock,
} from './oauth-mock.ts';
import { type Person, plantWorld, type World } from './world.ts';

let mock: Awaited<ReturnType<typeof startOAuthMock>>;
let legacy: Legacy;
let world: World;
let other: World;
beforeAll(async () => {
  mock = await startOAuthMock();
  legacy = await openLegacy({ oauthMockUrl: mock.url });
  world = await plantWorld(legacy);
  other = await plantWorld(legacy);
});
afterAll(async () => {
  await legacy.close();
  await mock.stop();
});

const codeOf = (answer: Answer) => answer.json['code'] ?? answer.status;
/** A world whose settings differ, for the tests that need it so. */
const worldWith = (config: Record<string, unknown>) => plantWorld(legacy, config);
const serverUser = (inWorld: World, id: string) => inWorld.must('server', 'GET', `/users/${id}`);
const errorOf = (answer: Answer) => {
  const { searchParams } = leadsTo(answer);
  return { status: answer.status, error: searchParams.get('error'), errorCode: searchParams.get('errorCode') };
};
const anonymous = async (inWorld: World): Promise<Person> => {
  const created = await inWorld.must('server', 'POST', '/users', { body: { is_anonymous: true } });
  const tokens = await inWorld.must('server', 'POST', '/auth/sessions', { body: { user_id: created['id'] } });
  return { email: '', userId: String(created['id']), accessToken: String(tokens['access_token']), refreshToken: '' };
};
const usersWithAccount = async (inWorld: World, accountId: string) => {
  const { rows } = await legacy.admin.query<{ users: number; methods: number; accounts: number }>(
    `select (select count(distinct "projectUserId")::int from "OAuthAuthMethod" where "tenancyId" = $1 and "providerAccountId" = $2) as users,
            (select count(*)::int from "OAuthAuthMethod" where "tenancyId" = $1 and "providerAccountId" = $2) as methods,
            (select count(*)::int from "ProjectUserOAuthAccount" where "tenancyId" = $1 and "providerAccountId" = $2) as accounts`,
    [inWorld.project.tenancyId, accountId],
  );
  return rows[0];
};

describe('GET /auth/oauth/authorize/:provider_id', () => {
  test.each(['stack_response_mode', 'hexclave_response_mode'])('answers the address as JSON, without a cookie, for %s', async (mode) => {
    const answer = await authorize(world, 'github', { [mode]: 'json' });
    expect([answer.status, answer.headers.has('set-cookie')]).toEqual([200, false]);
    const { origin, pathname, searchParams } = new URL(String(answer.json['location']));
    expect([origin, pathname]).toEqual([mock.url, '/auth']);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: 'github',
      redirect_uri: 'http://localhost:8102/api/v1/auth/oauth/callback/github',
      scope: 'openid offline_access',
      response_type: 'code',
      code_challenge_method: 'S256',
    });
    expect(answer.text).not.toContain('MOCK-SERVER-SECRET');
  });

  test('redirects a browser, with a cookie by which it is known again', async () => {
    const answer = await authorize(world, 'github');
    const state = leadsTo(answer).searchParams.get('state');
    expect(answer.status).toBe(307);
    expect(answer.headers.get('set-cookie')).toBe(`stack-oauth-inner-${state}=true; Path=/; HttpOnly`);
  });

  test('asks a provider of the project for what is asked besides, each scope once', async () => {
    const answer = await authorize(world, 'spotify', { stack_response_mode: 'json', provider_scope: 'playlists openid' });
    expect(new URL(String(answer.json['location'])).searchParams.get('scope')).toBe('openid offline_access playlists');
  });

  test.each<[string, string, Record<string, string>, string | number]>([
    ['an unknown client', 'github', { client_id: '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b9999' }, 'INVALID_OAUTH_CLIENT_ID_OR_SECRET'],
    ['a wrong secret', 'github', { client_secret: 'pck_wrong' }, 'INVALID_OAUTH_CLIENT_ID_OR_SECRET'],
    ['a provider the project has not', 'gitlab', {}, 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED'],
    ['a name every object has', 'constructor', {}, 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED'],
    ['a page that is not trusted', 'github', { redirect_uri: 'https://evil.example/' }, 'REDIRECT_URL_NOT_WHITELISTED'],
    ['a scope of ours that does not exist', 'github', { scope: 'everything' }, 'INVALID_SCOPE'],
    ['more scopes for shared keys', 'github', { provider_scope: 'repo' }, 'OAUTH_EXTRA_SCOPE_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS'],
    ['a token that is none', 'github', { token: 'a.b.c' }, 'UNPARSABLE_ACCESS_TOKEN'],
    ['linking without a user', 'github', { type: 'link' }, 400],
    ['an unknown challenge method', 'github', { code_challenge_method: 'md5' }, 'SCHEMA_ERROR'],
  ])('refuses %s', async (_name, provider, more, expected) => {
    expect(codeOf(await authorize(world, provider, more))).toBe(expected);
  });

  test("refuses another project's token", async () => {
    const { accessToken } = await other.signUp();
    expect(codeOf(await authorize(world, 'github', { type: 'link', token: accessToken }))).toBe('INVALID_PROJECT_FOR_ACCESS_TOKEN');
  });

  test('takes the sentinel for no key, unless the project wants one', async () => {
    const sentinel = { client_secret: '__stack_public_client__' };
    expect((await authorize(world, 'github', sentinel)).status).toBe(307);
    const strict = await worldWith({ 'project.requirePublishableClientKey': true });
    expect(codeOf(await authorize(strict, 'github', sentinel))).toBe('INVALID_OAUTH_CLIENT_ID_OR_SECRET');
  });

  test('refuses a provider that is not for signing in', async () => {
    const only = await worldWith({ 'auth.oauth.providers.github.allowSignIn': false });
    expect(codeOf(await authorize(only, 'github'))).toBe('OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED');
  });

  test('cleans up after sign-ins that never came back, a few at a time', async () => {
    await legacy.admin.query(
      `insert into "OAuthOuterInfo" ("id", "innerState", "info", "expiresAt")
       select gen_random_uuid(), 'old-' || n, '{}', now() - interval '2 hours' from generate_series(1, 25) n`,
    );
    const left = async () =>
      (await legacy.admin.query(`select count(*)::int as left from "OAuthOuterInfo" where "innerState" like 'old-%'`)).rows[0].left;
    await authorize(world, 'github');
    expect(await left()).toBe(5);
    await authorize(world, 'github');
    expect(await left()).toBe(0);
  });
});

describe('GET /auth/oauth/callback/:provider_id', () => {
  test('makes a new user with what the provider knows, tells of it, and goes on to the client', async () => {
    const email = freshEmail();
    const answer = await comeBack(world, await goToProvider(world, 'github', email));
    expect(answer.status).toBe(303);
    const { origin, pathname, searchParams } = leadsTo(answer);
    expect([origin, pathname, searchParams.get('kept'), searchParams.get('state')]).toEqual([
      'http://localhost:3000',
      '/done',
      '1',
      'state-of-the-client',
    ]);
    const tokens = await exchange(world, searchParams.get('code') ?? '');
    expect(tokens.json).toMatchObject({ is_new_user: true, newUser: true });
    const told = (await world.told()).filter((message) => message.data['primary_email'] === email);
    expect(told).toMatchObject([
      {
        type: 'user.created',
        data: {
          display_name: email,
          primary_email_verified: true,
          primary_email_auth_enabled: true,
          oauth_providers: [{ id: 'github', account_id: email, email }],
        },
      },
    ]);
  });

  test('knows its user again', async () => {
    const email = freshEmail();
    const first = await signInWith(world, 'github', email);
    const second = await signInWith(world, 'github', email);
    expect([first.isNew, second.isNew, second.userId]).toEqual([true, false, first.userId]);
    expect(await usersWithAccount(world, email)).toEqual({ users: 1, methods: 1, accounts: 1 });
  });

  test('keeps no tokens of a client that projects share', async () => {
    const email = freshEmail();
    await signInWith(world, 'github', email);
    const { rows } = await legacy.admin.query(
      `select "id" from "ProjectUserOAuthAccount" where "providerAccountId" = $1
         and (exists (select from "OAuthToken" where "oauthAccountId" = "ProjectUserOAuthAccount"."id")
              or exists (select from "OAuthAccessToken" where "oauthAccountId" = "ProjectUserOAuthAccount"."id"))`,
      [email],
    );
    expect(rows).toEqual([]);
  });

  test('is done once: the second time, also at the same time, is refused', async () => {
    const callback = await goToProvider(world, 'github', freshEmail());
    const answers = await Promise.all([comeBack(world, callback), comeBack(world, callback)]);
    expect(answers.map(codeOf).sort()).toEqual([303, 'OUTER_OAUTH_TIMEOUT']);
    expect(codeOf(await comeBack(world, callback))).toBe('OUTER_OAUTH_TIMEOUT');
  });

  test('is of the provider that was gone to', async () => {
    const callback = await goToProvider(world, 'github', freshEmail());
    expect(codeOf(await comeBack(world, callback.replace('/github', '/google')))).toBe('OUTER_OAUTH_TIMEOUT');
    expect((await comeBack(world, callback)).status).toBe(303);
  });

  test('wants the cookie of the browser that was redirected, and takes it away', async () => {
    const callback = await goToProvider(world, 'github', freshEmail());
    const state = new URL(callback).searchParams.get('state');
    await legacy.admin.query(
      `update "OAuthOuterInfo" set "info" = jsonb_set("info"::jsonb, '{hasCookie}', 'true') where "innerState" = $1`,
      [state],
    );
    expect((await comeBack(world, callback, { cookie: 'a=b' })).status).toBe(400);
    const answer = await comeBack(world, callback, { cookie: `a=b; stack-oauth-inner-${state}=true` });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('set-cookie')).toBe(`stack-oauth-inner-${state}=; Path=/; Max-Age=0; HttpOnly`);
  });

  test('tells the client when it took too long', async () => {
    const callback = await goToProvider(world, 'github', freshEmail());
    await legacy.admin.query(`update "OAuthOuterInfo" set "expiresAt" = now() where "innerState" = $1`, [
      new URL(callback).searchParams.get('state'),
    ]);
    expect(errorOf(await comeBack(world, callback))).toEqual({ status: 307, error: 'server_error', errorCode: 'OUTER_OAUTH_TIMEOUT' });
  });

  test.each([
    ['the page for errors', 'http://localhost:3000/error', '/error'],
    ['the page for codes, when that for errors is not trusted', 'https://evil.example/', '/done'],
  ])('tells that the person said no, at %s', async (_name, errorUrl, expected) => {
    const answer = await comeBack(world, await goToProvider(world, 'github', null, { error_redirect_url: errorUrl }));
    expect(errorOf(answer)).toEqual({ status: 307, error: 'server_error', errorCode: 'OAUTH_PROVIDER_ACCESS_DENIED' });
    const { hostname, pathname, searchParams } = leadsTo(answer);
    expect([hostname, pathname, searchParams.get('message'), searchParams.get('details')]).toEqual([
      'localhost',
      expected,
      'The OAuth provider denied access to the user.',
      '{}',
    ]);
  });

  test('refuses a code the provider does not know, and logs nothing that was sent', async () => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const callback = new URL(await goToProvider(world, 'github', freshEmail()));
    callback.searchParams.set('code', 'an-invented-code');
    const answer = await comeBack(world, callback.href);
    spy.mockRestore();
    expect(errorOf(answer)).toMatchObject({ status: 307, errorCode: 'OAUTH_PROVIDER_ACCESS_DENIED' });
    const logged = lines.filter((line) => line.includes('oauth provider failed')).join('');
    expect(JSON.parse(logged)).toMatchObject({ provider: 'github', step: 'code', reason: 'invalid_grant' });
    expect(logged).not.toMatch(/an-invented-code|MOCK-SERVER-SECRET/);
  });

  test('makes no user where signing up is off, but knows those there are', async () => {
    const closed = await worldWith({});
    const email = freshEmail();
    const { userId } = await signInWith(closed, 'github', email);
    await closed.setConfig({ 'auth.allowSignUp': false });
    expect((await signInWith(closed, 'github', email)).userId).toBe(userId);
    const answer = await comeBack(closed, await goToProvider(closed, 'github', freshEmail()));
    expect(errorOf(answer)).toMatchObject({ status: 307, errorCode: 'SIGN_UP_NOT_ENABLED' });
  });

  test('upgrades an anonymous user in place', async () => {
    const person = await anonymous(world);
    const email = freshEmail();
    const signedIn = await signInWith(world, 'github', email, { token: person.accessToken });
    expect([signedIn.userId, signedIn.isNew]).toEqual([person.userId, true]);
    expect(await serverUser(world, person.userId)).toMatchObject({
      is_anonymous: false,
      primary_email: email,
      primary_email_verified: true,
      oauth_providers: [{ id: 'github', account_id: email, email }],
    });
  });

  describe('when somebody else signs in with the address', () => {
    const withPassword = async (inWorld: World, isVerified: boolean) => {
      const person = await inWorld.signUp();
      if (isVerified) await inWorld.must('server', 'PATCH', `/users/${person.userId}`, { body: { primary_email_verified: true } });
      return person;
    };

    test('both verified: it is the same person, who now has both ways', async () => {
      const person = await withPassword(world, true);
      const signedIn = await signInWith(world, 'github', person.email);
      expect([signedIn.userId, signedIn.isNew]).toEqual([person.userId, false]);
      expect(await serverUser(world, person.userId)).toMatchObject({
        has_password: true,
        oauth_providers: [{ id: 'github', account_id: person.email }],
      });
      expect((await world.told()).at(-1)).toMatchObject({ type: 'user.updated', data: { id: person.userId } });
    });

    test('theirs not verified: refused, or whoever claims an address first would own its owner', async () => {
      const person = await withPassword(world, false);
      const answer = await comeBack(world, await goToProvider(world, 'github', person.email));
      expect(errorOf(answer)).toMatchObject({ errorCode: 'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE' });
      expect(JSON.parse(leadsTo(answer).searchParams.get('details') ?? '')).toEqual({
        type: 'email',
        contact_channel_value: person.email,
        would_work_if_email_was_verified: true,
      });
      expect(await usersWithAccount(world, person.email)).toEqual({ users: 0, methods: 0, accounts: 0 });
    });

    test('raise_error: refused, verified or not', async () => {
      const strict = await worldWith({ 'auth.oauth.accountMergeStrategy': 'raise_error' });
      const person = await withPassword(strict, true);
      const answer = await comeBack(strict, await goToProvider(strict, 'github', person.email));
      expect(errorOf(answer)).toMatchObject({ errorCode: 'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE' });
    });

    test('allow_duplicates: a second user, who cannot sign in by the address', async () => {
      const loose = await worldWith({ 'auth.oauth.accountMergeStrategy': 'allow_duplicates' });
      const person = await withPassword(loose, true);
      const signedIn = await signInWith(loose, 'github', person.email);
      expect(signedIn.userId).not.toBe(person.userId);
      expect(await serverUser(loose, signedIn.userId)).toMatchObject({
        primary_email: person.email,
        primary_email_auth_enabled: false,
      });
    });
  });

  describe('for linking', () => {
    test('gives the account to the user of the token, who signs in with it from then on', async () => {
      const person = await world.signUp();
      const account = freshEmail();
      const linked = await signInWith(world, 'github', account, { type: 'link', token: person.accessToken });
      expect([linked.userId, linked.isNew]).toEqual([person.userId, false]);
      expect((await signInWith(world, 'github', account)).userId).toBe(person.userId);
      expect((await serverUser(world, person.userId))['primary_email']).toBe(person.email);
    });

    test('is refused when it is somebody else’s', async () => {
      const account = freshEmail();
      await signInWith(world, 'github', account);
      const { accessToken } = await world.signUp();
      const callback = await goToProvider(world, 'github', account, { type: 'link', token: accessToken });
      expect(errorOf(await comeBack(world, callback))).toMatchObject({
        status: 307,
        errorCode: 'OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER',
      });
    });

    test('is refused when its user is gone', async () => {
      const { accessToken, userId } = await world.signUp();
      const callback = await goToProvider(world, 'github', freshEmail(), { type: 'link', token: accessToken });
      await world.must('server', 'DELETE', `/users/${userId}`);
      expect(errorOf(await comeBack(world, callback))).toMatchObject({ errorCode: 'USER_NOT_FOUND' });
    });
  });

  describe('has one outcome', () => {
    const rounds = [1, 2, 3, 4];

    test.each(rounds)('of two first sign-ins with one account at once: one user (round %i)', async () => {
      const email = freshEmail();
      const callbacks = await Promise.all([goToProvider(world, 'github', email), goToProvider(world, 'github', email)]);
      const answers = await Promise.all(callbacks.map((callback) => comeBack(world, callback)));
      expect(answers.map((answer) => answer.status)).toEqual([303, 303]);
      expect(await usersWithAccount(world, email)).toEqual({ users: 1, methods: 1, accounts: 1 });
    });

    test.each(rounds)('of two first sign-ins with one address at two providers at once: one user (round %i)', async () => {
      const email = freshEmail();
      const callbacks = await Promise.all([goToProvider(world, 'github', email), goToProvider(world, 'google', email)]);
      const answers = await Promise.all(callbacks.map((callback) => comeBack(world, callback)));
      expect(answers.map((answer) => answer.status)).toEqual([303, 303]);
      expect(await usersWithAccount(world, email)).toEqual({ users: 1, methods: 2, accounts: 2 });
    });

    test.each(rounds)('of two users who link one account at once: one has it (round %i)', async () => {
      const account = freshEmail();
      const people = await Promise.all([world.signUp(), world.signUp()]);
      const callbacks = await Promise.all(
        people.map((person) => goToProvider(world, 'github', account, { type: 'link', token: person.accessToken })),
      );
      const answers = await Promise.all(callbacks.map((callback) => comeBack(world, callback)));
      expect(answers.map((answer) => leadsTo(answer).searchParams.get('errorCode')).sort()).toEqual([
        'OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER',
        null,
      ]);
      expect(await usersWithAccount(world, account)).toEqual({ users: 1, methods: 1, accounts: 1 });
    });

    test.each(rounds)('of an anonymous user who signs up with two accounts at once: it becomes one of them (round %i)', async () => {
      const { accessToken, userId } = await anonymous(world);
      const emails = [freshEmail(), freshEmail()];
      const callbacks = await Promise.all(emails.map((email) => goToProvider(world, 'github', email, { token: accessToken })));
      const answers = await Promise.all(callbacks.map((callback) => comeBack(world, callback)));
      expect(answers.map((answer) => answer.status)).toEqual([303, 303]);
      expect((await serverUser(world, userId))['oauth_providers']).toHaveLength(1);
    });
  });
});

describe('POST /auth/oauth/callback/:provider_id', () => {
  test('takes the answer of a provider that sends it as a form', async () => {
    const callback = new URL(await goToProvider(world, 'github', freshEmail()));
    const answer = await world.call('none', 'POST', '/auth/oauth/callback/github', {
      rawBody: callback.searchParams.toString(),
      contentType: 'application/x-www-form-urlencoded',
    });
    expect([answer.status, leadsTo(answer).searchParams.has('code')]).toEqual([303, true]);
  });
});

describe('POST /auth/oauth/token', () => {
  test('gives a session for a code, in the words of RFC 6749 and of older clients', async () => {
    const after = 'http://localhost:3000/where-I-was';
    const code = await codeFor(world, 'github', freshEmail(), { after_callback_redirect_url: after });
    const answer = await exchange(world, code);
    expect(answer.json).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: expect.stringMatching(/^[0-9a-hj-km-np-tv-z]{45}$/),
      scope: 'legacy',
      is_new_user: true,
      newUser: true,
      after_callback_redirect_url: after,
      afterCallbackRedirectUrl: after,
    });
    expect([answer.headers.get('cache-control'), answer.headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
  });

  test('takes JSON, and a plain challenge', async () => {
    const code = await codeFor(world, 'github', freshEmail(), { code_challenge: 'plain-secret', code_challenge_method: 'plain' });
    const body = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: 'plain-secret',
      client_id: world.project.id,
      client_secret: '__stack_public_client__',
    };
    expect((await world.call('none', 'POST', '/auth/oauth/token', { body })).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['another verifier', { code_verifier: `${codeVerifier}x` }],
    ['another page', { redirect_uri: 'http://localhost:3000/done' }],
  ])('takes no code from %s, and it is used up', async (_name, wrong) => {
    const code = await codeFor(world, 'github', freshEmail());
    expect(codeOf(await exchange(world, code, wrong))).toBe('INVALID_AUTHORIZATION_CODE');
    expect(codeOf(await exchange(world, code))).toBe('INVALID_AUTHORIZATION_CODE');
  });

  test('takes no code from another client, whose try does not count', async () => {
    const code = await codeFor(world, 'github', freshEmail());
    expect(codeOf(await exchange(other, code))).toBe('INVALID_AUTHORIZATION_CODE');
    expect((await exchange(world, code)).status).toBe(200);
  });

  test('takes no code that is over, none at all, and no code without a good client', async () => {
    const code = await codeFor(world, 'github', freshEmail());
    expect(codeOf(await exchange(world, code, { client_secret: 'pck_wrong' }))).toBe('INVALID_OAUTH_CLIENT_ID_OR_SECRET');
    await legacy.admin.query(`update "ProjectUserAuthorizationCode" set "expiresAt" = now() where "authorizationCode" = $1`, [code]);
    expect(codeOf(await exchange(world, code))).toBe('INVALID_AUTHORIZATION_CODE');
    expect(codeOf(await exchange(world, 'invented'))).toBe('INVALID_AUTHORIZATION_CODE');
  });

  test.each([1, 2, 3, 4])('gives one session for a code that is sent many times at once (round %i)', async () => {
    const code = await codeFor(world, 'github', freshEmail());
    const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(world, code)));
    expect(answers.map(codeOf).sort()).toEqual([200, ...Array(4).fill('INVALID_AUTHORIZATION_CODE')]);
  });

  test('asks for the second factor of who has one', async () => {
    const email = freshEmail();
    const { userId } = await signInWith(world, 'github', email);
    await world.must('server', 'PATCH', `/users/${userId}`, { body: { totp_secret_base64: Buffer.alloc(20, 7).toString('base64') } });
    const answer = await exchange(world, await codeFor(world, 'github', email));
    expect(answer.json).toMatchObject({
      code: 'MULTI_FACTOR_AUTHENTICATION_REQUIRED',
      details: { attempt_code: await world.newestCode('MFA_ATTEMPT') },
    });
  });
});

describe('POST /auth/oauth/cross-domain/authorize', () => {
  const ask = (user: Person | undefined, more: Record<string, string> = {}) =>
    world.call('client', 'POST', '/auth/oauth/cross-domain/authorize', {
      user,
      body: {
        redirect_uri: 'http://localhost:4000/other',
        state: 'other-state',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        ...more,
      },
    });

  test('hands the session over to another domain: the same one, with its end', async () => {
    const person = await world.signUp();
    const answer = await ask(person, { after_callback_redirect_url: 'http://localhost:4000/home' });
    const url = new URL(String(answer.json['redirect_url']));
    expect([url.port, url.searchParams.get('state')]).toEqual(['4000', 'other-state']);
    const code = url.searchParams.get('code') ?? '';
    const handed = await exchange(world, code, { redirect_uri: 'http://localhost:4000/other' });
    expect(handed.json).toMatchObject({
      refresh_token: person.refreshToken,
      is_new_user: false,
      after_callback_redirect_url: 'http://localhost:4000/home',
    });
    const sessions = await world.must('client', 'GET', '/auth/sessions?user_id=me', { user: person });
    expect(sessions['items']).toHaveLength(1);
  });

  test('refuses a page that is not trusted, and a caller without a user', async () => {
    expect(codeOf(await ask(await world.signUp(), { redirect_uri: 'https://evil.example/' }))).toBe('REDIRECT_URL_NOT_WHITELISTED');
    expect(codeOf(await ask(undefined))).toBe('USER_AUTHENTICATION_REQUIRED');
  });

  test('refuses a session that has ended, before and after the code was made', async () => {
    const person = await world.signUp();
    const url = new URL(String((await ask(person)).json['redirect_url']));
    await world.must('client', 'DELETE', '/auth/sessions/current', { user: person });
    expect(codeOf(await ask(person))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    const handed = await exchange(world, url.searchParams.get('code') ?? '', { redirect_uri: 'http://localhost:4000/other' });
    expect(codeOf(handed)).toBe('INVALID_AUTHORIZATION_CODE');
  });
});

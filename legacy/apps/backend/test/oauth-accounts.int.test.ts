import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { comeBack, goToProvider, leadsTo, plantAccount, signInWith, startOAuthMock } from './oauth-mock.ts';
import { type Person, plantWorld, type World } from './world.ts';

let mock: Awaited<ReturnType<typeof startOAuthMock>>;
let legacy: Legacy;
let world: World;
let person: Person;
let stranger: Person;
beforeAll(async () => {
  mock = await startOAuthMock();
  legacy = await openLegacy({ oauthMockUrl: mock.url });
  world = await plantWorld(legacy);
  stranger = await world.signUp();
});
beforeEach(async () => {
  person = await world.signUp();
});
afterAll(async () => {
  await legacy.close();
  await mock.stop();
});

const codeOf = (answer: Answer) => answer.json['code'] ?? answer.status;
const tokenOf = (user: Person, path: string, scope?: string) =>
  world.call('client', 'POST', `/connected-accounts/me/${path}/access-token`, { user, body: scope === undefined ? {} : { scope } });
/** Connects an account at the project's own provider, as a browser does. */
const connect = async (user: Person, account: string, scopes = '') => {
  await signInWith(world, 'spotify', account, {
    type: 'link',
    token: user.accessToken,
    ...(scopes === '' ? {} : { provider_scope: scopes }),
  });
};
const expireKept = (account: string) =>
  legacy.admin.query(
    `update "OAuthAccessToken" token set "expiresAt" = now() + interval '30 seconds' from "ProjectUserOAuthAccount" account
     where account."id" = token."oauthAccountId" and account."providerAccountId" = $1`,
    [account],
  );
const storedOf = async (account: string) =>
  (
    await legacy.admin.query<{ kept: string[]; refreshable: boolean[] }>(
      `select (select coalesce(array_agg("accessToken"), '{}') from "OAuthAccessToken" where "oauthAccountId" = account."id") as kept,
              (select coalesce(array_agg("isValid"), '{}') from "OAuthToken" where "oauthAccountId" = account."id") as refreshable
       from "ProjectUserOAuthAccount" account where "providerAccountId" = $1`,
      [account],
    )
  ).rows[0];

describe('GET /connected-accounts/:user_id', () => {
  test('lists what a user has connected, oldest first, and not what is only for signing in', async () => {
    const accounts = [freshEmail(), freshEmail(), freshEmail()];
    for (const accountId of accounts) await plantAccount(world, person.userId, { provider: 'spotify', accountId });
    await legacy.admin.query(`update "ProjectUserOAuthAccount" set "allowConnectedAccounts" = false where "providerAccountId" = $1`, [
      accounts[1],
    ]);
    const expected = [accounts[0], accounts[2]].map((id) => ({ user_id: person.userId, provider: 'spotify', provider_account_id: id }));
    const own = await world.must('client', 'GET', '/connected-accounts/me', { user: person });
    expect(own).toEqual({ items: expected, is_paginated: false });
    expect(await world.must('server', 'GET', `/connected-accounts/${person.userId}`)).toEqual(own);
  });

  test("is closed to clients for others' accounts, and without a user", async () => {
    expect(codeOf(await world.call('client', 'GET', `/connected-accounts/${stranger.userId}`, { user: person }))).toBe(403);
    expect(codeOf(await world.call('client', 'GET', '/connected-accounts/me'))).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
  });
});

describe('POST /connected-accounts/:user_id/:provider_id/access-token', () => {
  test('answers 201 with the kept token while it is good, and a new one after', async () => {
    const account = freshEmail();
    await connect(person, account);
    const first = await tokenOf(person, 'spotify');
    expect([first.status, Object.keys(first.json)]).toEqual([201, ['access_token']]);
    expect((await tokenOf(person, 'spotify', '')).json).toEqual(first.json);
    await expireKept(account);
    const second = await tokenOf(person, 'spotify');
    expect(second.status).toBe(201);
    expect(second.json['access_token']).not.toBe(first.json['access_token']);
    const who = await fetch(`${mock.url}/me`, { headers: { authorization: `Bearer ${second.json['access_token']}` } });
    expect(await who.json()).toMatchObject({ sub: account });
    expect((await storedOf(account))?.kept).toEqual([second.json['access_token']]);
  });

  test('wants the scopes that are asked for, which connecting again with them gives', async () => {
    const account = freshEmail();
    await connect(person, account);
    expect(codeOf(await tokenOf(person, 'spotify', 'playlists'))).toBe('OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE');
    await connect(person, account, 'playlists library');
    expect((await tokenOf(person, 'spotify', 'playlists')).status).toBe(201);
    expect((await storedOf(account))?.refreshable).toEqual([true]);
    await expireKept(account);
    expect((await tokenOf(person, 'spotify', 'library playlists')).status).toBe(201);
  });

  test('a refresh that the provider refuses is the last one', async () => {
    const account = freshEmail();
    await connect(person, account);
    await mock.revoke(account);
    await expireKept(account);
    expect(codeOf(await tokenOf(person, 'spotify'))).toBe('OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE');
    expect((await storedOf(account))?.refreshable).toEqual([false]);
    await connect(person, account);
    expect((await tokenOf(person, 'spotify')).status).toBe(201);
    expect((await storedOf(account))?.refreshable).toEqual([true]);
  });

  test('of many at once all get a good token, and one is kept', async () => {
    const account = freshEmail();
    await connect(person, account);
    await expireKept(account);
    const answers = await Promise.all(Array.from({ length: 6 }, () => tokenOf(person, 'spotify')));
    expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(201));
    const kept = (await storedOf(account))?.kept ?? [];
    expect(kept).toHaveLength(1);
    for (const token of new Set(answers.map((answer) => answer.json['access_token']))) {
      const who = await fetch(`${mock.url}/me`, { headers: { authorization: `Bearer ${token}` } });
      expect(who.status).toBe(200);
    }
  });

  test.each([
    ['a provider with shared keys', 'github', 'OAUTH_ACCESS_TOKEN_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS'],
    ['a provider the user has not connected', 'spotify', 'OAUTH_CONNECTION_NOT_CONNECTED_TO_USER'],
    ['a provider the project has not', 'gitlab', 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED'],
  ])('refuses %s', async (_name, provider, expected) => {
    expect(codeOf(await tokenOf(person, provider))).toBe(expected);
  });

  test("is closed to clients for others' tokens", async () => {
    await plantAccount(world, stranger.userId, { provider: 'spotify', accountId: freshEmail() });
    const path = `/connected-accounts/${stranger.userId}/spotify/access-token`;
    expect(codeOf(await world.call('client', 'POST', path, { user: person, body: {} }))).toBe(403);
    expect((await world.must('server', 'POST', path, { body: {} }))['access_token']).toBe('kept-access-token');
  });
});

describe('POST /connected-accounts/:user_id/:provider_id/:provider_account_id/access-token', () => {
  test('is of that account, and no other of the user', async () => {
    const [first, second] = [freshEmail(), freshEmail()];
    await connect(person, first);
    await connect(person, second, 'playlists');
    const answer = await tokenOf(person, `spotify/${second}`, 'playlists');
    const who = await fetch(`${mock.url}/me`, { headers: { authorization: `Bearer ${answer.json['access_token']}` } });
    expect(await who.json()).toMatchObject({ sub: second });
    expect(codeOf(await tokenOf(person, `spotify/${first}`, 'playlists'))).toBe('OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE');
    expect(codeOf(await tokenOf(person, 'spotify/nobody'))).toBe('OAUTH_CONNECTION_NOT_CONNECTED_TO_USER');
    // Without an account, the one that has the scope.
    expect((await tokenOf(person, 'spotify', 'playlists')).json).toEqual(answer.json);
  });
});

describe('POST /auth/oauth/connected-accounts/:provider_id/access-token', () => {
  test("is of the caller's user", async () => {
    await plantAccount(world, person.userId, { provider: 'spotify', accountId: freshEmail() });
    const call = (user?: Person) =>
      world.call('client', 'POST', '/auth/oauth/connected-accounts/spotify/access-token', { user, body: { scope: '' } });
    expect(await call(person)).toMatchObject({ status: 201, json: { access_token: 'kept-access-token' } });
    expect(codeOf(await call())).toBe('USER_AUTHENTICATION_REQUIRED');
  });
});

const create = (body: Record<string, unknown>) =>
  world.call('server', 'POST', '/oauth-providers', {
    body: {
      user_id: person.userId,
      provider_config_id: 'github',
      account_id: randomUUID(),
      allow_sign_in: true,
      allow_connected_accounts: true,
      ...body,
    },
  });
const signInMethods = async (accountId: string) =>
  (await legacy.admin.query(`select "projectUserId" from "OAuthAuthMethod" where "providerAccountId" = $1`, [accountId])).rows.length;

describe('POST /oauth-providers', () => {
  test('gives a user an account, with which it then signs in', async () => {
    const account = freshEmail();
    const made = await create({ account_id: account, email: account });
    expect([made.status, made.json]).toEqual([
      201,
      {
        user_id: person.userId,
        id: expect.any(String),
        email: account,
        provider_config_id: 'github',
        type: 'github',
        account_id: account,
        allow_sign_in: true,
        allow_connected_accounts: true,
      },
    ]);
    expect((await signInWith(world, 'github', account)).userId).toBe(person.userId);
    expect((await world.told()).filter((message) => message.data['id'] === person.userId).at(-1)).toMatchObject({
      type: 'user.updated',
      data: { oauth_providers: [{ id: 'github', account_id: account }] },
    });
  });

  test('gives an account to sign in with to one user only; without signing in, to many', async () => {
    const account = randomUUID();
    await create({ account_id: account });
    expect(codeOf(await create({ account_id: account, user_id: stranger.userId }))).toBe(
      'OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN',
    );
    expect((await create({ account_id: account, user_id: stranger.userId, allow_sign_in: false })).status).toBe(201);
    expect((await create({ account_id: account, user_id: stranger.userId, allow_sign_in: false })).status).toBe(409);
  });

  test.each([
    ['an unknown provider', { provider_config_id: 'gitlab' }, 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED'],
    ['an unknown user', { user_id: randomUUID() }, 'USER_ID_DOES_NOT_EXIST'],
  ])('refuses %s', async (_name, body, expected) => {
    expect(codeOf(await create(body))).toBe(expected);
  });

  test.each([1, 2, 3, 4])('of two at once one gets the account (round %i)', async () => {
    const account = randomUUID();
    const answers = await Promise.all([create({ account_id: account }), create({ account_id: account, user_id: stranger.userId })]);
    expect(answers.map(codeOf).sort()).toEqual([201, 'OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN']);
    expect(await signInMethods(account)).toBe(1);
  });
});

describe('GET /oauth-providers', () => {
  test('shows servers the account id, and clients not', async () => {
    const made = (await create({})).json;
    const { account_id: _hidden, ...visible } = made;
    const query = `user_id=${person.userId}`;
    expect((await world.must('server', 'GET', `/oauth-providers?${query}`))['items']).toEqual([made]);
    expect((await world.must('client', 'GET', '/oauth-providers?user_id=me', { user: person }))['items']).toEqual([visible]);
  });

  test("is closed to clients for others' accounts", async () => {
    expect(codeOf(await world.call('client', 'GET', `/oauth-providers?user_id=${stranger.userId}`, { user: person }))).toBe(403);
    expect(codeOf(await world.call('client', 'GET', '/oauth-providers', { user: person }))).toBe(403);
  });

  test('leaves out providers the project no longer has', async () => {
    const brief = await plantWorld(legacy);
    const { userId } = await brief.signUp();
    await plantAccount(brief, userId, { provider: 'spotify', accountId: freshEmail() });
    await brief.setConfig({ 'auth.oauth.providers': {} });
    expect((await brief.must('server', 'GET', `/oauth-providers?user_id=${userId}`))['items']).toEqual([]);
  });
});

describe('GET /oauth-providers/:user_id/:provider_id', () => {
  test("reads one of the user's own", async () => {
    const made = (await create({})).json;
    const path = `/oauth-providers/${person.userId}/${made['id']}`;
    expect(await world.must('server', 'GET', path)).toEqual(made);
    expect(codeOf(await world.call('server', 'GET', `/oauth-providers/${stranger.userId}/${made['id']}`))).toBe(404);
    expect(codeOf(await world.call('client', 'GET', path, { user: stranger }))).toBe(403);
  });
});

describe('PATCH /oauth-providers/:user_id/:provider_id', () => {
  const change = (id: unknown, body: Record<string, unknown>, user?: Person) =>
    world.call(user === undefined ? 'server' : 'client', 'PATCH', `/oauth-providers/${person.userId}/${id}`, { user, body });

  test('takes the way to sign in away, and gives it back', async () => {
    const account = randomUUID();
    const { id } = (await create({ account_id: account })).json;
    expect((await change(id, { allow_sign_in: false }, person)).json).toMatchObject({ allow_sign_in: false });
    expect(await signInMethods(account)).toBe(0);
    expect((await change(id, { allow_sign_in: true, allow_connected_accounts: false })).json).toMatchObject({
      allow_sign_in: true,
      allow_connected_accounts: false,
    });
    expect(await signInMethods(account)).toBe(1);
  });

  test('refuses what another user signs in with', async () => {
    const account = randomUUID();
    const { id } = (await create({ account_id: account, allow_sign_in: false })).json;
    await create({ account_id: account, user_id: stranger.userId });
    expect(codeOf(await change(id, { allow_sign_in: true }))).toBe('OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN');
  });

  test('lets servers name another account, whose tokens are not those of the former', async () => {
    const id = await plantAccount(world, person.userId, { provider: 'spotify', accountId: freshEmail(), signIn: true });
    const account = freshEmail();
    expect((await change(id, { account_id: account, email: account })).json).toMatchObject({ account_id: account, email: account });
    expect(await signInMethods(account)).toBe(1);
    expect(codeOf(await tokenOf(person, 'spotify'))).toBe('OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE');
  });

  test('lets clients change neither account nor address', async () => {
    const { id } = (await create({})).json;
    expect((await change(id, { account_id: 'x' }, person)).text).toContain('body contains unknown properties: account_id');
  });

  test.each([1, 2, 3, 4])('of two users who ask for one account at once, one gets it (round %i)', async () => {
    const account = randomUUID();
    const mine = (await create({ account_id: account, allow_sign_in: false })).json['id'];
    const theirs = (await create({ account_id: account, allow_sign_in: false, user_id: stranger.userId })).json['id'];
    const ask = (userId: string, id: unknown) =>
      world.call('server', 'PATCH', `/oauth-providers/${userId}/${id}`, { body: { allow_sign_in: true } });
    const answers = await Promise.all([ask(person.userId, mine), ask(stranger.userId, theirs)]);
    expect(answers.map(codeOf).sort()).toEqual([200, 'OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN']);
    expect(await signInMethods(account)).toBe(1);
  });
});

describe('DELETE /oauth-providers/:user_id/:provider_id', () => {
  test('takes the account, its tokens and the way to sign in with it', async () => {
    const account = freshEmail();
    await connect(person, account);
    const { items } = (await world.must('client', 'GET', '/oauth-providers?user_id=me', { user: person })) as { items: { id: string }[] };
    const path = `/oauth-providers/me/${items[0]?.id}`;
    expect(await world.must('client', 'DELETE', path, { user: person })).toEqual({ success: true });
    expect([await storedOf(account), await signInMethods(account)]).toEqual([undefined, 0]);
    expect(codeOf(await world.call('client', 'DELETE', path, { user: person }))).toBe(404);
    const again = leadsTo(await comeBack(world, await goToProvider(world, 'spotify', account)));
    expect(again.searchParams.has('code')).toBe(true);
  });

  test('happens once of two at the same time', async () => {
    const { id } = (await create({})).json;
    const remove = () => world.call('server', 'DELETE', `/oauth-providers/${person.userId}/${id}`);
    expect((await Promise.all([remove(), remove()])).map(codeOf).sort()).toEqual([200, 404]);
  });
});

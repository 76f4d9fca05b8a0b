import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAccessToken } from '../src/auth/access-token.ts';
import { config } from '../src/config.ts';
import { type Answer, as, keys, type Legacy, openLegacy } from './legacy.ts';
import { statementsOf } from './query-counter.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const told = (answer: Answer) => answer.json['code'] ?? (answer.status === 200 ? 200 : answer.text);
const outcomes = (answers: Answer[]) => answers.map((answer) => String(told(answer))).sort();
const refresh = (refreshToken: string, headers: Record<string, string> = {}) =>
  world.call('client', 'POST', '/auth/sessions/current/refresh', { headers: { 'x-stack-refresh-token': refreshToken, ...headers } });
const claimsOf = (token: unknown) => JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
const anonymous = async (): Promise<Person> => {
  const made = (await world.must('client', 'POST', '/auth/anonymous/sign-up')) as Record<string, string>;
  return {
    email: '',
    userId: String(made['user_id']),
    accessToken: String(made['access_token']),
    refreshToken: String(made['refresh_token']),
  };
};
const list = async (access: 'client' | 'server' | 'admin', user: Person) =>
  (await world.must(access, 'GET', `/auth/sessions?user_id=${user.userId}`, { user }))['items'] as Record<string, unknown>[];

describe('POST /auth/anonymous/sign-up', () => {
  test('makes a user whose tokens are of the anonymous, and who is let in only where asked', async () => {
    const user = await anonymous();
    expect(claimsOf(user.accessToken)).toMatchObject({
      sub: user.userId,
      aud: `${world.project.id}:anon`,
      iss: `http://localhost:8102/api/v1/projects-anonymous-users/${world.project.id}`,
      is_anonymous: true,
      is_restricted: true,
      restricted_reason: { type: 'anonymous' },
    });
    const strict = { 'x-stack-allow-anonymous-user': 'false' };
    expect(told(await world.call('client', 'GET', '/users/me', { user, headers: strict }))).toBe('ANONYMOUS_AUTHENTICATION_NOT_ALLOWED');
    const restrictedOnly = { ...strict, 'x-stack-allow-restricted-user': 'true' };
    expect(told(await world.call('client', 'GET', '/users/me', { user, headers: restrictedOnly }))).toBe(
      'ANONYMOUS_AUTHENTICATION_NOT_ALLOWED',
    );
  });
});

describe('GET /auth/sessions', () => {
  test('shows the newest first, which is the current one, and where it was last used from', async () => {
    const user = await world.signUp();
    const made = await world.must('server', 'POST', '/auth/sessions', { body: { user_id: user.userId } });
    await refresh(user.refreshToken, { 'x-forwarded-for': '192.0.2.7' });
    const sessions = await list('client', user);
    expect(sessions.map((session) => [session['is_current_session'], session['last_used_at_end_user_ip_info']])).toEqual([
      [false, undefined],
      [true, { ip: '192.0.2.7' }],
    ]);
    expect(sessions[0]?.['id']).toBe(claimsOf(made['access_token'])['refresh_token_id']);
    expect(Object.keys(sessions[0] ?? {}).sort()).toEqual(
      ['created_at', 'id', 'is_current_session', 'is_impersonation', 'last_used_at', 'user_id'].sort(),
    );
  });

  test('shows impersonation to admins only, and no session that ran out', async () => {
    const user = await world.signUp();
    await world.must('server', 'POST', '/auth/sessions', { body: { user_id: user.userId, is_impersonation: true } });
    await world.must('server', 'POST', '/auth/sessions', { body: { user_id: user.userId, expires_in_millis: 0 } });
    const counts = [await list('client', user), await list('server', user), await list('admin', user)].map((sessions) => sessions.length);
    expect(counts).toEqual([1, 1, 2]);
  });

  test('needs a user, who is the one asked about', async () => {
    expect(told(await world.call('client', 'GET', `/auth/sessions?user_id=${randomUUID()}`))).toBe('USER_AUTHENTICATION_REQUIRED');
    expect(told(await world.call('client', 'GET', '/auth/sessions?user_id=me'))).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
  });
});

describe('POST /auth/sessions', () => {
  test('makes one for as long as asked, up to 367 days', async () => {
    const user = await world.signUp();
    const day = 24 * 60 * 60 * 1000;
    const make = (expiresInMillis: number) =>
      world.call('server', 'POST', '/auth/sessions', { body: { user_id: user.userId, expires_in_millis: expiresInMillis } });
    expect((await make(367 * day)).status).toBe(200);
    expect(told(await make(367 * day + 1))).toBe('SCHEMA_ERROR');
  });

  test('of somebody who does not exist is refused', async () => {
    expect(told(await world.call('server', 'POST', '/auth/sessions', { body: { user_id: randomUUID() } }))).toBe('USER_ID_DOES_NOT_EXIST');
  });
});

describe('DELETE /auth/sessions/:id', () => {
  test('does not let a client end what only admins see', async () => {
    const user = await world.signUp();
    const made = await world.must('server', 'POST', '/auth/sessions', { body: { user_id: user.userId, is_impersonation: true } });
    const id = claimsOf(made['access_token'])['refresh_token_id'];
    const end = (access: 'client' | 'admin') => world.call(access, 'DELETE', `/auth/sessions/${id}?user_id=${user.userId}`, { user });
    expect([told(await end('client')), told(await end('admin'))]).toEqual(['Session not found.', 200]);
  });
});

describe('DELETE /auth/sessions/current', () => {
  test('ends the session once; its access token lives on until it runs out', async () => {
    const user = await world.signUp();
    const signOut = () => world.call('client', 'DELETE', '/auth/sessions/current', { user });
    expect(outcomes(await Promise.all([signOut(), signOut()]))).toEqual(['200', 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED']);
    expect((await world.call('client', 'GET', '/users/me', { user })).status).toBe(200);
    expect(told(await world.call('client', 'DELETE', '/auth/sessions/current'))).toBe('USER_AUTHENTICATION_REQUIRED');
  });
});

describe('POST /auth/sessions/current/refresh', () => {
  test('tells the two events of a use', async () => {
    const user = await world.signUp();
    await refresh(user.refreshToken, { 'x-forwarded-for': '192.0.2.8' });
    const { rows } = await legacy.admin.query(
      `select "systemEventTypeIds" as types, "data", "endUserIpInfo" as "from" from "Event" where "data" ->> 'userId' = $1 order by 1`,
      [user.userId],
    );
    expect(rows.map((row) => row.types)).toEqual([
      ['$session-activity', '$user-activity', '$project-activity', '$project'],
      ['$token-refresh'],
    ]);
    expect(rows[0]).toMatchObject({
      data: { projectId: world.project.id, branchId: 'main', isAnonymous: false, refreshTokenId: expect.any(String) },
      from: { ip: '192.0.2.8', is_spoofable: false },
    });
  });

  test('gives no token when the session is ended meanwhile', async () => {
    for (let round = 0; round < 8; round += 1) {
      const user = await world.signUp();
      const [refreshed] = await Promise.all([
        refresh(user.refreshToken),
        world.call('client', 'DELETE', '/auth/sessions/current', { user }),
      ]);
      expect([200, 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED']).toContain(told(refreshed));
      expect(told(await refresh(user.refreshToken))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    }
  });

  test('many times at once gives a token each time', async () => {
    const user = await world.signUp();
    const answers = await Promise.all(Array.from({ length: 12 }, () => refresh(user.refreshToken)));
    expect(outcomes(answers)).toEqual(Array(12).fill('200'));
  });

  test('without a token, or with one that is none, is refused', async () => {
    expect(told(await world.call('client', 'POST', '/auth/sessions/current/refresh'))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    expect(told(await refresh('x'))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
  });
});

describe('what every client does all day costs a fixed number of statements', () => {
  const count = async (work: () => Promise<Answer>) => {
    let answer: Answer | undefined;
    const statements = await statementsOf(async () => {
      answer = await work();
    });
    expect(answer?.status, answer?.text).toBe(200);
    return statements.length;
  };

  test('a refresh: two, and one more for the client that asks', async () => {
    const user = await world.signUp();
    expect(await count(() => refresh(user.refreshToken))).toBe(3);
    const body = {
      grant_type: 'refresh_token',
      refresh_token: user.refreshToken,
      client_id: world.project.id,
      client_secret: world.project.publishableClientKey,
    };
    expect(await count(() => world.call('none', 'POST', '/auth/oauth/token', { body }))).toBe(3);
  });

  test('reading oneself: one for the project and its keys, one for the user', async () => {
    const user = await world.signUp();
    expect(await count(() => world.call('client', 'GET', '/users/me', { user }))).toBe(2);
  });

  test('one’s permissions in a team: those two and a fixed few, however many there are', async () => {
    const user = await world.signUp();
    const team = await world.createTeam(user);
    const read = () => world.call('client', 'GET', `/team-permissions?team_id=${team.id}&user_id=me&recursive=true`, { user });
    const few = await count(read);
    for (const id of ['reader', 'writer']) await world.must('server', 'POST', `/team-permissions/${team.id}/${user.userId}/${id}`);
    expect(await count(read)).toBe(few);
    expect(few).toBeLessThanOrEqual(4);
  });
});

describe('POST /auth/cli', () => {
  test('takes the session of an anonymous user only', async () => {
    const begin = (token: string) => world.call('client', 'POST', '/auth/cli', { body: { anon_refresh_token: token } });
    expect((await begin((await anonymous()).refreshToken)).json).toEqual({
      polling_code: expect.stringMatching(/^[0-9a-z]{45}$/),
      login_code: expect.stringMatching(/^[0-9a-z]{45}$/),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect((await begin((await world.signUp()).refreshToken)).status).toBe(400);
  });
});

const beginCli = async (body: object = {}) => (await world.must('client', 'POST', '/auth/cli', { body })) as Record<string, string>;
const complete = (body: object) => world.call('client', 'POST', '/auth/cli/complete', { body });
const poll = (pollingCode: unknown) => world.call('client', 'POST', '/auth/cli/poll', { body: { polling_code: pollingCode } });

describe('POST /auth/cli/poll', () => {
  test('waits, then hands the session out once', async () => {
    const login = await beginCli();
    const user = await world.signUp();
    expect((await poll(login['polling_code'])).json).toEqual({ status: 'waiting' });
    expect((await complete({ login_code: login['login_code'], refresh_token: user.refreshToken })).json).toEqual({ success: true });
    const answers = await Promise.all([poll(login['polling_code']), poll(login['polling_code'])]);
    expect(answers.map((answer) => [answer.status, answer.json['status']]).sort()).toEqual([
      [200, 'used'],
      [201, 'success'],
    ]);
    expect(answers.find(({ status }) => status === 201)?.json['refresh_token']).toBe(user.refreshToken);
    expect((await poll(login['polling_code'])).json).toEqual({ status: 'used' });
  });

  test('tells a login that ran out, and a code that is none', async () => {
    const login = await beginCli({ expires_in_millis: 1 });
    expect((await poll(login['polling_code'])).json).toEqual({ status: 'expired' });
    expect(told(await poll('x'))).toBe('INVALID_POLLING_CODE');
  });
});

describe('POST /auth/cli/complete', () => {
  test('lets the browser go on as the tool’s anonymous user', async () => {
    const user = await anonymous();
    const { login_code: loginCode } = await beginCli({ anon_refresh_token: user.refreshToken });
    expect((await complete({ login_code: loginCode, mode: 'check' })).json).toEqual({ cli_session_state: 'anonymous' });
    const claimed = await complete({ login_code: loginCode, mode: 'claim-anon-session' });
    expect(claimed.json).toEqual({ access_token: expect.any(String), refresh_token: user.refreshToken });
    expect(claimsOf(claimed.json['access_token'])).toMatchObject({ sub: user.userId });
    const signedUp = { ...user, accessToken: String(claimed.json['access_token']) };
    const body = { email: `cli-${Date.now()}@example.com`, password: 'password1' };
    const upgraded = await world.must('client', 'POST', '/auth/password/sign-up', { user: signedUp, body });
    expect(upgraded['user_id']).toBe(user.userId);
    expect((await complete({ login_code: loginCode, mode: 'check' })).json).toEqual({ cli_session_state: 'none' });
    expect((await complete({ login_code: loginCode, mode: 'claim-anon-session' })).status).toBe(400);
    expect((await complete({ login_code: loginCode, refresh_token: upgraded['refresh_token'] })).status).toBe(200);
  });

  test('is refused without a session, with one that is none, and with a code that is none or done', async () => {
    const { login_code: loginCode } = await beginCli();
    const { refreshToken } = await world.signUp();
    expect(told(await complete({ login_code: loginCode }))).toBe('SCHEMA_ERROR');
    expect(told(await complete({ login_code: loginCode, refresh_token: 'x' }))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    expect((await complete({ login_code: loginCode, mode: 'check' })).json).toEqual({ cli_session_state: 'none' });
    const invalid = 'Invalid login code or the code has expired';
    expect(told(await complete({ login_code: 'x', refresh_token: refreshToken }))).toBe(invalid);
    const twice = await Promise.all([1, 2].map(() => complete({ login_code: loginCode, refresh_token: refreshToken })));
    expect(outcomes(twice)).toEqual(['200', invalid]);
  });
});

describe('GET /projects/:id/.well-known/jwks.json', () => {
  test('publishes two keys for each audience asked for, each audience its own', async () => {
    const keysOf = async (query: string) =>
      (await world.must('none', 'GET', `/projects/${world.project.id}/.well-known/jwks.json${query}`))['keys'] as { kid: string }[];
    const counts = [await keysOf(''), await keysOf('?include_restricted=true'), await keysOf('?include_anonymous=true')];
    expect(counts.map((found) => new Set(found.map(({ kid }) => kid)).size)).toEqual([2, 4, 6]);
  });
});

describe('the key that opens every project in development', () => {
  const call = (key: string, headers: object = {}) =>
    legacy.call('GET', '/users?limit=1', {
      headers: {
        'x-stack-project-id': world.project.id,
        'x-stack-access-type': 'server',
        'x-stack-development-override-key': key,
        ...headers,
      },
    });
  test('is the admin key of the project internal', async () => {
    expect((await call(keys.superSecretAdminKey)).status).toBe(200);
    expect([(await call('x')).status, (await call(keys.secretServerKey)).status]).toEqual([401, 401]);
  });
  test('needs an access type like every key', async () => {
    const answer = await legacy.call('GET', '/users', { headers: { 'x-stack-development-override-key': keys.superSecretAdminKey } });
    expect(told(answer)).toBe('PROJECT_KEY_WITHOUT_ACCESS_TYPE');
  });
});

describe('an admin access token', () => {
  const call = (token: string) =>
    legacy.call('GET', '/projects/current', {
      headers: { 'x-stack-project-id': world.project.id, 'x-stack-access-type': 'admin', 'x-stack-admin-access-token': token },
    });
  const tokenOf = (over: object, seconds = 600) =>
    signAccessToken(
      {
        projectId: 'internal',
        branchId: 'main',
        userId: randomUUID(),
        refreshTokenId: randomUUID(),
        name: null,
        email: null,
        emailVerified: false,
        selectedTeamId: null,
        signedUpAt: new Date(),
        isAnonymous: false,
        restrictedReason: null,
        requiresTotpMfa: false,
        ...over,
      },
      { ...config(), accessTokenSeconds: seconds },
    );

  test.each([
    ['that cannot be read', () => 'x', 'UNPARSABLE_ADMIN_ACCESS_TOKEN'],
    ['that ran out', () => tokenOf({}, -10), 'ADMIN_ACCESS_TOKEN_EXPIRED'],
    ['of another project', () => tokenOf({ projectId: world.project.id }), 'INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN'],
    ['of a stranger', () => tokenOf({}), 'ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN'],
  ])('%s is refused', async (_name, token, expected) => {
    expect(told(await call(await token()))).toBe(expected);
  });
});

test('a client key from another project is refused', async () => {
  const headers = { ...as('client'), 'x-stack-publishable-client-key': world.project.publishableClientKey };
  expect(told(await legacy.call('GET', '/projects/current', { headers }))).toBe('INVALID_PUBLISHABLE_CLIENT_KEY');
});

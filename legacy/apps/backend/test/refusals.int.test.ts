import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAccessToken } from '../src/auth/access-token.ts';
import { config } from '../src/config.ts';
import { as, freshEmail, keys, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';

let legacy: Legacy;
let person: SignedUp;
let other: { id: string; secretServerKey: string; tenancyId: string };
beforeAll(async () => {
  legacy = await openLegacy();
  person = await signUp(legacy);
  other = await createProject(person, {});
});
afterAll(() => legacy.close());

/** A project of the person's own team, with a server key got as its owner. */
async function createProject(owner: SignedUp, projectConfig: object): Promise<{ id: string; secretServerKey: string; tenancyId: string }> {
  const me = await legacy.call('GET', '/users/me', { headers: as('client'), token: owner.accessToken });
  const created = await legacy.call('POST', '/internal/projects', {
    headers: as('client'),
    token: owner.accessToken,
    body: { display_name: 'Other', owner_team_id: me.json['selected_team_id'], config: projectConfig },
  });
  expect(created.status).toBe(201);
  const id = String(created.json['id']);
  const made = await legacy.call('POST', '/internal/api-keys', {
    headers: {
      'x-stack-project-id': id,
      'x-stack-access-type': 'admin',
      'x-stack-admin-access-token': owner.accessToken,
      'x-stack-super-secret-admin-key': '',
    },
    body: {
      description: 'd',
      expires_at_millis: Date.now() + 1e9,
      has_publishable_client_key: true,
      has_secret_server_key: true,
      has_super_secret_admin_key: false,
    },
  });
  expect(made.json).toMatchObject({
    secret_server_key: expect.stringMatching(/^ssk_[0-9a-z]{45}$/),
    publishable_client_key: expect.stringMatching(/^pck_/),
  });
  const { rows } = await legacy.admin.query('select "id" from "Tenancy" where "projectId" = $1', [id]);
  return { id, secretServerKey: String(made.json['secret_server_key']), tenancyId: rows[0].id };
}

const code = (answer: { status: number; json: Record<string, unknown> }) => [answer.status, answer.json['code']];
const userToken = (over: object) =>
  signAccessToken(
    {
      projectId: 'internal',
      branchId: 'main',
      userId: person.userId,
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
    config(),
  );

describe('who may not call at all', () => {
  const cases: [string, Record<string, string>, number, string][] = [
    ['a project that does not exist', as('client', { id: randomUUID() }), 400, 'CURRENT_PROJECT_NOT_FOUND'],
    ['a wrong client key', { ...as('client'), 'x-stack-publishable-client-key': 'pck_wrong' }, 401, 'INVALID_PUBLISHABLE_CLIENT_KEY'],
    ['a wrong server key', { ...as('server'), 'x-stack-secret-server-key': 'ssk_wrong' }, 401, 'INVALID_SECRET_SERVER_KEY'],
    ['a wrong admin key', { ...as('admin'), 'x-stack-super-secret-admin-key': 'sak_wrong' }, 401, 'INVALID_SUPER_SECRET_ADMIN_KEY'],
    ['no server key', { 'x-stack-project-id': 'internal', 'x-stack-access-type': 'server' }, 401, 'SERVER_AUTHENTICATION_REQUIRED'],
    ['no admin key', { 'x-stack-project-id': 'internal', 'x-stack-access-type': 'admin' }, 401, 'ADMIN_AUTHENTICATION_REQUIRED'],
    [
      'a server key used as an admin key',
      { ...as('admin'), 'x-stack-super-secret-admin-key': keys.secretServerKey },
      401,
      'INVALID_SUPER_SECRET_ADMIN_KEY',
    ],
    ['an unknown branch', { ...as('server'), 'x-stack-branch-id': 'dev' }, 400, 'BRANCH_DOES_NOT_EXIST'],
    [
      'an unknown branch with a wrong key: the key first',
      { ...as('server'), 'x-stack-branch-id': 'dev', 'x-stack-secret-server-key': 'x' },
      401,
      'INVALID_SECRET_SERVER_KEY',
    ],
    [
      'a broken token and a missing project: the token first',
      { ...as('client', { id: randomUUID() }), 'x-stack-access-token': 'x' },
      401,
      'UNPARSABLE_ACCESS_TOKEN',
    ],
    ['a broken admin token', { ...as('client'), 'x-stack-admin-access-token': 'x' }, 401, 'UNPARSABLE_ADMIN_ACCESS_TOKEN'],
  ];
  test.each(cases)('%s', async (_name, headers, status, expected) => {
    expect(code(await legacy.call('GET', '/projects/current', { headers }))).toEqual([status, expected]);
  });

  test('a token of another project', async () => {
    const answer = await legacy.call('GET', '/users/me', { headers: as('client', other), token: person.accessToken });
    expect(answer.json).toMatchObject({
      code: 'INVALID_PROJECT_FOR_ACCESS_TOKEN',
      details: { expected_project_id: other.id, actual_project_id: 'internal' },
    });
  });

  test('the keys of another project', async () => {
    expect(
      code(await legacy.call('GET', '/users', { headers: { ...as('server'), 'x-stack-secret-server-key': other.secretServerKey } })),
    ).toEqual([401, 'INVALID_SECRET_SERVER_KEY']);
  });

  test('a revoked or expired key', async () => {
    const project = await createProject(person, {});
    const read = () => legacy.call('GET', '/users', { headers: as('server', project) });
    expect((await read()).status).toBe(200);
    await legacy.admin.query('update "ApiKeySet" set "manuallyRevokedAt" = now() where "projectId" = $1', [project.id]);
    expect(code(await read())).toEqual([401, 'INVALID_SECRET_SERVER_KEY']);
    await legacy.admin.query(
      `update "ApiKeySet" set "manuallyRevokedAt" = null, "expiresAt" = now() - interval '1 s' where "projectId" = $1`,
      [project.id],
    );
    expect(code(await read())).toEqual([401, 'INVALID_SECRET_SERVER_KEY']);
  });

  test('an anonymous or restricted user, unless the request allows it', async () => {
    const anonymous = await userToken({ isAnonymous: true, restrictedReason: { type: 'anonymous' } });
    expect(code(await legacy.call('GET', '/users/me', { headers: as('client'), token: anonymous }))).toEqual([
      401,
      'ANONYMOUS_AUTHENTICATION_NOT_ALLOWED',
    ]);
    const restricted = await userToken({ restrictedReason: { type: 'email_not_verified' } });
    expect(code(await legacy.call('GET', '/users/me', { headers: as('client'), token: restricted }))).toEqual([
      403,
      'RESTRICTED_USER_NOT_ALLOWED',
    ]);
    const allowed = await legacy.call('GET', '/users/me', {
      headers: { ...as('client'), 'x-stack-allow-anonymous-user': 'true' },
      token: restricted,
    });
    expect(allowed.status).toBe(200);
  });

  test('an admin token of someone outside the owner team', async () => {
    const stranger = await signUp(legacy);
    const headers = { 'x-stack-project-id': other.id, 'x-stack-access-type': 'admin', 'x-stack-admin-access-token': stranger.accessToken };
    expect(code(await legacy.call('GET', '/projects/current', { headers }))).toEqual([401, 'ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN']);
  });

  test('a client without a key, where the project wants one', async () => {
    const project = await createProject(person, {});
    await legacy.admin.query(`update "Project" set "config" = '{"project":{"requirePublishableClientKey":true}}' where "id" = $1`, [
      project.id,
    ]);
    expect(code(await legacy.call('GET', '/projects/current', { headers: as('client', project) }))).toEqual([
      401,
      'PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT',
    ]);
  });
});

describe('sign-up is refused', () => {
  const attempt = (body: object, headers = as('client')) =>
    legacy.call('POST', '/auth/password/sign-up', { headers, body: { email: freshEmail(), password: 'password1', ...body } });

  test.each([
    ['a short password', { password: 'short' }, 400, 'PASSWORD_TOO_SHORT'],
    ['a password beyond 70 characters', { password: 'x'.repeat(71) }, 400, 'SCHEMA_ERROR'],
    ['a callback elsewhere', { verification_callback_url: 'https://evil.example' }, 400, 'REDIRECT_URL_NOT_WHITELISTED'],
    [
      'a callback elsewhere and a short password: the callback first',
      { verification_callback_url: 'https://evil.example', password: 'short' },
      400,
      'REDIRECT_URL_NOT_WHITELISTED',
    ],
    ['an address without a top-level domain', { email: 'a@localhost' }, 400, 'SCHEMA_ERROR'],
    ['a seeded address, in capitals', { email: 'ADA@example.com' }, 409, 'USER_EMAIL_ALREADY_EXISTS'],
  ])('%s', async (_name, body, status, expected) => {
    expect(code(await attempt(body))).toEqual([status, expected]);
  });

  test('where passwords or new accounts are off', async () => {
    const noPasswords = await createProject(person, { credential_enabled: false });
    expect(code(await attempt({}, as('client', noPasswords)))).toEqual([400, 'PASSWORD_AUTHENTICATION_NOT_ENABLED']);
    expect(
      code(
        await legacy.call('POST', '/auth/password/sign-in', {
          headers: as('client', noPasswords),
          body: { email: 'a@b.co', password: 'x' },
        }),
      ),
    ).toEqual([400, 'PASSWORD_AUTHENTICATION_NOT_ENABLED']);
    const noSignUp = await createProject(person, { sign_up_enabled: false });
    expect(code(await attempt({}, as('client', noSignUp)))).toEqual([400, 'SIGN_UP_NOT_ENABLED']);
  });
});

describe('sessions', () => {
  test('of others are not shown or ended', async () => {
    const stranger = await signUp(legacy);
    const list = await legacy.call('GET', `/auth/sessions?user_id=${stranger.userId}`, {
      headers: as('client'),
      token: person.accessToken,
    });
    expect(list.status).toBe(403);
    const [session] = (await legacy.call('GET', `/auth/sessions?user_id=${stranger.userId}`, { headers: as('server') })).json['items'] as {
      id: string;
    }[];
    const ended = await legacy.call('DELETE', `/auth/sessions/${session?.id}?user_id=me`, {
      headers: as('client'),
      token: person.accessToken,
    });
    expect([ended.status, ended.text]).toEqual([404, 'Session not found.']);
  });

  test('the current one is ended only by signing out', async () => {
    const mine = await signUp(legacy);
    const [session] = (await legacy.call('GET', '/auth/sessions?user_id=me', { headers: as('client'), token: mine.accessToken })).json[
      'items'
    ] as { id: string }[];
    expect(
      code(await legacy.call('DELETE', `/auth/sessions/${session?.id}?user_id=me`, { headers: as('client'), token: mine.accessToken })),
    ).toEqual([400, 'CANNOT_DELETE_CURRENT_SESSION']);
  });

  test('a client must say whose session it ends, a server need not', async () => {
    const id = randomUUID();
    const byClient = await legacy.call('DELETE', `/auth/sessions/${id}`, { headers: as('client'), token: person.accessToken });
    expect(byClient.json['error']).toContain('query.user_id must be defined');
    expect((await legacy.call('DELETE', `/auth/sessions/${id}`, { headers: as('server') })).status).toBe(404);
  });

  test('that expired cannot be refreshed', async () => {
    const made = await legacy.call('POST', '/auth/sessions', {
      headers: as('server'),
      body: { user_id: person.userId, expires_in_millis: -1 },
    });
    expect(made.status).toBe(200);
    const headers = { ...as('client'), 'x-stack-refresh-token': String(made.json['refresh_token']) };
    expect(code(await legacy.call('POST', '/auth/sessions/current/refresh', { headers }))).toEqual([
      401,
      'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED',
    ]);
  });

  test('of an impersonator are shown to admins only', async () => {
    const target = await signUp(legacy);
    await legacy.call('POST', '/auth/sessions', { headers: as('server'), body: { user_id: target.userId, is_impersonation: true } });
    const count = async (type: 'server' | 'admin') =>
      ((await legacy.call('GET', `/auth/sessions?user_id=${target.userId}`, { headers: as(type) })).json['items'] as unknown[]).length;
    expect([await count('server'), await count('admin')]).toEqual([1, 2]);
  });

  test('are not made for a user who does not exist', async () => {
    expect(code(await legacy.call('POST', '/auth/sessions', { headers: as('server'), body: { user_id: randomUUID() } }))).toEqual([
      400,
      'USER_ID_DOES_NOT_EXIST',
    ]);
  });

  test('of one project are not refreshed in another', async () => {
    const headers = { ...as('client', other), 'x-stack-refresh-token': person.refreshToken };
    expect(code(await legacy.call('POST', '/auth/sessions/current/refresh', { headers }))).toEqual([
      401,
      'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED',
    ]);
    const body = {
      grant_type: 'refresh_token',
      refresh_token: person.refreshToken,
      client_id: other.id,
      client_secret: '__stack_public_client__',
    };
    expect(code(await legacy.call('POST', '/auth/oauth/token', { body }))).toEqual([401, 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED']);
  });

  test.each([
    ['no client', {}],
    ['an unknown client', { client_id: randomUUID(), client_secret: '__stack_public_client__' }],
    ['a wrong secret', { client_id: 'internal', client_secret: 'pck_wrong' }],
    ['an unknown branch', { client_id: 'internal#dev', client_secret: '__stack_public_client__' }],
  ])('are not refreshed for %s', async (_name, client) => {
    const body = { grant_type: 'refresh_token', refresh_token: person.refreshToken, ...client };
    expect(code(await legacy.call('POST', '/auth/oauth/token', { body }))).toEqual([400, 'INVALID_OAUTH_CLIENT_ID_OR_SECRET']);
  });
});

describe('users', () => {
  test('of one project do not exist in another', async () => {
    for (const [method, body] of [['GET'], ['PATCH', { display_name: 'x' }], ['DELETE']] as const) {
      expect(
        code(
          await legacy.call(method, `/users/${person.userId}`, { headers: as('server', other), ...(body === undefined ? {} : { body }) }),
        ),
      ).toEqual([404, 'USER_NOT_FOUND']);
    }
    expect((await legacy.call('GET', '/users', { headers: as('server', other) })).json).toEqual({
      items: [],
      is_paginated: true,
      pagination: { next_cursor: null },
    });
  });

  test('may not write what only servers may', async () => {
    const answer = await legacy.call('PATCH', '/users/me', {
      headers: as('client'),
      token: person.accessToken,
      body: { server_metadata: { a: 1 }, primary_email_verified: true },
    });
    expect(answer.json['error']).toBe(
      'Request validation failed on PATCH /api/v1/users/me:\n  - body contains unknown properties: server_metadata, primary_email_verified',
    );
  });

  test('may not delete themselves where the project does not allow it', async () => {
    const answer = await legacy.call('DELETE', '/users/me', { headers: as('client'), token: person.accessToken });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8']);
  });

  test('cannot select a team they are not in', async () => {
    const answer = await legacy.call('PATCH', '/users/me', {
      headers: as('client'),
      token: person.accessToken,
      body: { selected_team_id: randomUUID() },
    });
    expect(code(answer)).toEqual([404, 'TEAM_MEMBERSHIP_NOT_FOUND']);
  });

  test('with a zero byte in the name are refused, not a failure', async () => {
    const answer = await legacy.call('PATCH', `/users/${person.userId}`, { headers: as('server'), body: { display_name: 'a\u0000b' } });
    expect(answer.status).toBe(400);
  });

  test('whose password hash is not bcrypt, or too costly, are refused', async () => {
    const { rows } = await legacy.admin.query('select "passwordHash" from "PasswordAuthMethod" limit 1');
    const costly = String(rows[0].passwordHash).replace('$10$', '$20$');
    for (const hash of ['md5:abc', `$2b$10$${'a'.repeat(53)}`, costly]) {
      expect((await legacy.call('POST', '/users', { headers: as('server'), body: { password_hash: hash } })).status).toBe(400);
    }
  });
});

describe('projects', () => {
  test('are made in the project `internal` only, by a user, in a team of theirs', async () => {
    const body = { display_name: 'X', owner_team_id: randomUUID() };
    expect(code(await legacy.call('POST', '/internal/projects', { headers: as('client', other), body }))).toEqual([
      401,
      'EXPECTED_INTERNAL_PROJECT',
    ]);
    expect(code(await legacy.call('POST', '/internal/projects', { headers: as('client'), body }))).toEqual([
      401,
      'USER_AUTHENTICATION_REQUIRED',
    ]);
    expect((await legacy.call('POST', '/internal/projects', { headers: as('client'), token: person.accessToken, body })).status).toBe(400);
  });

  test('get keys from admins only', async () => {
    expect(code(await legacy.call('POST', '/internal/api-keys', { headers: as('server'), body: {} }))).toEqual([
      401,
      'INSUFFICIENT_ACCESS_TYPE',
    ]);
  });

  test('that do not exist have no keys to publish', async () => {
    expect((await legacy.call('GET', `/projects/${randomUUID()}/.well-known/jwks.json`)).status).toBe(404);
    const answer = await legacy.call('GET', '/projects/internal/.well-known/jwks.json?include_restricted=true&include_anonymous=true');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(answer.json['keys']).toHaveLength(6);
  });
});

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { as, freshEmail, keys, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';

// What a live server of the kind answered, recorded; ids, times and addresses are the only parts that may differ.

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const secret = expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{45}$/);
const millis = expect.any(Number);

let legacy: Legacy;
let person: SignedUp;
beforeAll(async () => {
  legacy = await openLegacy();
  person = await signUp(legacy);
});
afterAll(() => legacy.close());

function expectHeaders(answer: { headers: Headers }, expected: Record<string, string>): void {
  const names = ['cache-control', 'content-type', 'pragma', 'x-stack-known-error', 'x-stack-actual-status'];
  const seen = Object.fromEntries(names.flatMap((name) => (answer.headers.has(name) ? [[name, answer.headers.get(name)]] : [])));
  expect(seen).toEqual({ 'cache-control': 'no-store, max-age=0', 'content-type': 'application/json; charset=utf-8', ...expected });
  expect(answer.headers.get('x-stack-request-id')).toHaveLength(16);
}

describe('signing in', () => {
  test('sign-up', async () => {
    const email = freshEmail();
    const answer = await legacy.call('POST', '/auth/password/sign-up', { headers: as('client'), body: { email, password: 'password1' } });
    expect(answer.status).toBe(200);
    expectHeaders(answer, {});
    expect(answer.json).toEqual({ access_token: expect.any(String), refresh_token: secret, user_id: uuid });
    expect(decodeJwt(String(answer.json['access_token']))).toEqual({
      sub: answer.json['user_id'],
      project_id: 'internal',
      branch_id: 'main',
      refresh_token_id: uuid,
      role: 'authenticated',
      name: null,
      email,
      email_verified: false,
      selected_team_id: uuid,
      signed_up_at: millis,
      is_anonymous: false,
      is_restricted: false,
      restricted_reason: null,
      requires_totp_mfa: false,
      iss: 'http://localhost:8102/api/v1/projects/internal',
      iat: millis,
      aud: 'internal',
      exp: millis,
    });
  });

  test('a wrong password', async () => {
    const answer = await legacy.call('POST', '/auth/password/sign-in', {
      headers: as('client'),
      body: { email: person.email, password: 'wrong-password' },
    });
    expect(answer.status).toBe(400);
    expectHeaders(answer, { 'x-stack-known-error': 'EMAIL_PASSWORD_MISMATCH' });
    expect(answer.text).toBe('{\n  "code": "EMAIL_PASSWORD_MISMATCH",\n  "error": "Wrong e-mail or password."\n}');
  });

  test('a wrong body', async () => {
    const answer = await legacy.call('POST', '/auth/password/sign-in', { headers: as('client'), body: { email: 'nope', foo: 1 } });
    const message =
      'Request validation failed on POST /api/v1/auth/password/sign-in:\n  - body.email must be a valid email\n  - body.password must be defined\n  - body contains unknown properties: foo';
    expectHeaders(answer, { 'x-stack-known-error': 'SCHEMA_ERROR' });
    expect([answer.status, answer.json]).toEqual([400, { code: 'SCHEMA_ERROR', details: { message }, error: message }]);
  });
});

describe('the own user', () => {
  test('for a client', async () => {
    const answer = await legacy.call('GET', '/users/me', { headers: as('client'), token: person.accessToken });
    expect(answer.status).toBe(200);
    expectHeaders(answer, {});
    const teamId = answer.json['selected_team_id'];
    expect(answer.json).toEqual({
      restricted_by_admin_reason: null,
      restricted_by_admin: false,
      restricted_reason: null,
      is_restricted: false,
      is_anonymous: false,
      passkey_auth_enabled: false,
      otp_auth_enabled: false,
      requires_totp_mfa: false,
      selected_team_id: uuid,
      oauth_providers: [],
      auth_with_email: true,
      has_password: true,
      signed_up_at_millis: millis,
      profile_image_url: null,
      client_read_only_metadata: null,
      client_metadata: null,
      display_name: null,
      primary_email_verified: false,
      primary_email: person.email,
      id: person.userId,
      selected_team: {
        client_read_only_metadata: null,
        client_metadata: null,
        profile_image_url: null,
        display_name: `${person.email}'s Team`,
        id: teamId,
      },
    });
  });

  const withoutUser =
    '{\n  "code": "CANNOT_GET_OWN_USER_WITHOUT_USER",\n  "error": "You have specified \'me\' as a userId, but did not provide authentication for a user."\n}';
  test('without a token', async () => {
    const answer = await legacy.call('GET', '/users/me', { headers: as('client') });
    expectHeaders(answer, { 'x-stack-known-error': 'CANNOT_GET_OWN_USER_WITHOUT_USER' });
    expect([answer.status, answer.text]).toEqual([400, withoutUser]);
  });

  test('without a token, dressed as success', async () => {
    const answer = await legacy.call('GET', '/users/me', { headers: { ...as('client'), 'x-stack-override-error-status': 'true' } });
    expectHeaders(answer, { 'x-stack-known-error': 'CANNOT_GET_OWN_USER_WITHOUT_USER', 'x-stack-actual-status': '400' });
    expect([answer.status, answer.text]).toEqual([200, withoutUser]);
  });
});

test('a refresh with a key but without an access type', async () => {
  const answer = await legacy.call('POST', '/auth/oauth/token', {
    headers: { 'x-stack-project-id': 'internal', 'x-stack-publishable-client-key': keys.publishableClientKey },
    body: { grant_type: 'refresh_token' },
  });
  expectHeaders(answer, { 'x-stack-known-error': 'PROJECT_KEY_WITHOUT_ACCESS_TYPE' });
  expect([answer.status, answer.json]).toEqual([
    400,
    {
      code: 'PROJECT_KEY_WITHOUT_ACCESS_TYPE',
      error:
        "Either an API key or an admin access token was provided, but the x-stack-access-type header is missing. Set it to 'client', 'server', or 'admin' as appropriate.",
    },
  ]);
});

test('a refresh as published clients do it', async () => {
  const form = new URLSearchParams({
    refresh_token: person.refreshToken,
    grant_type: 'refresh_token',
    client_id: 'internal',
    client_secret: keys.publishableClientKey,
  });
  const answer = await legacy.call('POST', '/auth/oauth/token', {
    rawBody: form.toString(),
    contentType: 'application/x-www-form-urlencoded',
  });
  expect(answer.status).toBe(200);
  expectHeaders(answer, { 'cache-control': 'no-store', pragma: 'no-cache' });
  expect(answer.json).toMatchObject({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 600,
    refresh_token: person.refreshToken,
    scope: 'legacy',
  });
});

test('a refresh with a token nobody has', async () => {
  const answer = await legacy.call('POST', '/auth/oauth/token', {
    body: { refresh_token: 'x'.repeat(45), grant_type: 'refresh_token', client_id: 'internal', client_secret: '__stack_public_client__' },
  });
  expectHeaders(answer, { 'x-stack-known-error': 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED' });
  expect([answer.status, answer.json]).toEqual([
    401,
    {
      code: 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED',
      error: 'Refresh token not found for this project, or the session has expired/been revoked.',
    },
  ]);
});

test('sessions, newest first', async () => {
  const signedIn = await legacy.call('POST', '/auth/password/sign-in', {
    headers: as('client'),
    body: { email: person.email, password: 'password1' },
  });
  const answer = await legacy.call('GET', '/auth/sessions?user_id=me', {
    headers: as('client'),
    token: String(signedIn.json['access_token']),
  });
  const item = { last_used_at: millis, is_impersonation: false, created_at: millis, user_id: person.userId, id: uuid };
  expect(answer.json).toEqual({
    is_paginated: false,
    items: [
      { ...item, is_current_session: true },
      { ...item, is_current_session: false },
    ],
  });
});

test('a DELETE that says JSON and sends nothing', async () => {
  const answer = await legacy.call('DELETE', '/auth/sessions/13d0dbaf-b1d0-455e-b04f-5c2ae7ffbaea', {
    headers: as('server'),
    contentType: 'application/json',
    rawBody: '',
  });
  expectHeaders(answer, { 'x-stack-known-error': 'BODY_PARSING_ERROR' });
  expect([answer.status, answer.json]).toEqual([400, { code: 'BODY_PARSING_ERROR', error: 'Invalid JSON in request body' }]);
});

test('an unknown path', async () => {
  const answer = await legacy.call('GET', '/nope');
  expect(answer.status).toBe(404);
  expectHeaders(answer, { 'content-type': 'text/plain; charset=utf-8' });
  expect(answer.text).toBe(
    "404 — this page does not exist in Stack Auth's API.\n\nPlease see the API documentation at https://docs.stack-auth.com, or visit the Stack Auth dashboard at https://app.stack-auth.com.\n\nURL: http://localhost:8102/api/v1/nope",
  );
});

test('an unknown method', async () => {
  const answer = await legacy.call('PUT', '/users');
  expect([answer.status, answer.text]).toEqual([405, '']);
});

test('a preflight', async () => {
  const answer = await legacy.call('OPTIONS', '/anything/at/all');
  expect([answer.status, answer.text]).toEqual([200, '']);
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE, OPTIONS');
});

test('contact channels', async () => {
  const answer = await legacy.call('GET', `/contact-channels?user_id=${person.userId}`, { headers: as('server') });
  expect(answer.json).toEqual({
    items: [
      { user_id: person.userId, id: uuid, type: 'email', value: person.email, is_primary: true, is_verified: false, used_for_auth: true },
    ],
    is_paginated: false,
  });
});

describe('GET /projects/current', () => {
  test('tells what is on', async () => {
    const answer = await legacy.call('GET', '/projects/current', { headers: as('client') });
    expect(answer.json).toEqual({
      config: {
        domains: [],
        enabled_oauth_providers: [{ id: 'github' }, { id: 'google' }, { id: 'microsoft' }, { id: 'spotify' }],
        allow_team_api_keys: false,
        allow_user_api_keys: false,
        client_user_deletion_enabled: false,
        client_team_creation_enabled: true,
        passkey_enabled: false,
        magic_link_enabled: true,
        credential_enabled: true,
        sign_up_enabled: true,
        allow_localhost: true,
      },
      display_name: 'Stack Dashboard',
      id: 'internal',
    });
  });

  test('tells the same to servers, and nothing that is none of a client’s business', async () => {
    const [client, server] = [
      await legacy.call('GET', '/projects/current', { headers: as('client') }),
      await legacy.call('GET', '/projects/current', { headers: as('server') }),
    ];
    expect(server.json).toEqual(client.json);
    expect(client.text).not.toMatch(/secret|clientId|owner_team_id/);
  });
});

test('a client where a server is asked for', async () => {
  const answer = await legacy.call('GET', '/users', { headers: as('client') });
  expectHeaders(answer, { 'x-stack-known-error': 'INSUFFICIENT_ACCESS_TYPE' });
  expect([answer.status, answer.json]).toEqual([
    401,
    {
      code: 'INSUFFICIENT_ACCESS_TYPE',
      details: { actual_access_type: 'client', allowed_access_types: ['server', 'admin'] },
      error: "The x-stack-access-type header must be 'server' or 'admin', but was 'client'.",
    },
  ]);
});

test('nobody where somebody is asked for', async () => {
  const answer = await legacy.call('GET', '/users');
  expectHeaders(answer, { 'x-stack-known-error': 'ACCESS_TYPE_REQUIRED' });
  expect([answer.status, answer.json]).toEqual([
    400,
    {
      code: 'ACCESS_TYPE_REQUIRED',
      error:
        "You must specify an access level for this Stack project. Make sure project API keys are provided (eg. x-stack-publishable-client-key) and you set the x-stack-access-type header to 'client', 'server', or 'admin'.\n\nFor more information, see the docs on REST API authentication: https://docs.stack-auth.com/rest-api/overview#authentication",
    },
  ]);
});

test('a key where an access type is missing', async () => {
  const headers = { 'x-stack-project-id': 'internal', 'x-stack-publishable-client-key': keys.publishableClientKey };
  const answer = await legacy.call('GET', '/users', { headers });
  expectHeaders(answer, { 'x-stack-known-error': 'PROJECT_KEY_WITHOUT_ACCESS_TYPE' });
  expect([answer.status, answer.json['code']]).toEqual([400, 'PROJECT_KEY_WITHOUT_ACCESS_TYPE']);
});

test('a user made by a server', async () => {
  const body = { primary_email: freshEmail(), password: 'password1', primary_email_auth_enabled: true, display_name: 'Ann' };
  const answer = await legacy.call('POST', '/users', { headers: as('server'), body });
  expect(answer.status).toBe(201);
  expect(answer.json).toEqual({
    id: uuid,
    display_name: 'Ann',
    primary_email: body.primary_email,
    primary_email_verified: false,
    primary_email_auth_enabled: true,
    profile_image_url: null,
    signed_up_at_millis: millis,
    client_metadata: null,
    client_read_only_metadata: null,
    server_metadata: null,
    has_password: true,
    otp_auth_enabled: false,
    auth_with_email: true,
    requires_totp_mfa: false,
    passkey_auth_enabled: false,
    oauth_providers: [],
    selected_team_id: null,
    selected_team: null,
    last_active_at_millis: millis,
    is_anonymous: false,
    is_restricted: false,
    restricted_reason: null,
    restricted_by_admin: false,
    restricted_by_admin_reason: null,
    restricted_by_admin_private_details: null,
    country_code: null,
    risk_scores: { sign_up: { bot: 0, free_trial_abuse: 0 } },
  });
  const read = await legacy.call('GET', `/users/${answer.json['id']}`, { headers: as('server') });
  expect(read.json['selected_team']).toMatchObject({ display_name: "Ann's Team", server_metadata: null, created_at_millis: millis });
});

describe('signing out', () => {
  test('ends the session, while the access token lives on until it expires', async () => {
    const leaving = await signUp(legacy);
    const out = await legacy.call('DELETE', '/auth/sessions/current', { headers: as('client'), token: leaving.accessToken, body: {} });
    expect([out.status, out.json]).toEqual([200, { success: true }]);
    const me = await legacy.call('GET', '/users/me', { headers: as('client'), token: leaving.accessToken });
    expect([me.status, me.json['id']]).toEqual([200, leaving.userId]);
    const refreshed = await legacy.call('POST', '/auth/sessions/current/refresh', {
      headers: { ...as('client'), 'x-stack-refresh-token': leaving.refreshToken },
    });
    expect([refreshed.status, refreshed.json['code']]).toEqual([401, 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED']);
    const again = await legacy.call('DELETE', '/auth/sessions/current', { headers: as('client'), token: leaving.accessToken, body: {} });
    expect([again.status, again.json['code']]).toEqual([401, 'REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED']);
  });
});

test('every version of the API is one', async () => {
  const paths = ['/api/v1/projects/current', '/api/latest/projects/current', '/api/v2beta5/projects/current'];
  const answers = await Promise.all(paths.map((path) => legacy.callAt('GET', path, { headers: as('client') })));
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  expect((await legacy.callAt('GET', '/api/v9/projects/current', {})).status).toBe(404);
});

test('schema errors name the path as it was called', async () => {
  const answer = await legacy.callAt('GET', '/api/latest/users?limit=0', { headers: as('server') });
  expect(answer.json['error']).toBe(
    'Request validation failed on GET /api/latest/users:\n  - query.limit must be greater than or equal to 1',
  );
});

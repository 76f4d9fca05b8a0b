import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { registerPasskey } from './passkey.ts';
import { statementsOf } from './query-counter.ts';
import { type Person, plantWorld, type World } from './world.ts';

const picture = `data:image/png;base64,${Buffer.from('picture').toString('base64')}`;
const rounds = 5;
const metadataTooLarge = 'x'.repeat(64 * 1024);

let legacy: Legacy;
let world: World;
let closed: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy, { 'rbac.defaultPermissions.signUp': { subscriber: true } });
  closed = await plantWorld(legacy, { 'users.allowClientUserDeletion': false, 'teams.createPersonalTeamOnSignUp': true });
});
afterAll(() => legacy.close());

const me = (user: Person, body: object) => world.call('client', 'PATCH', '/users/me', { user, body });
const patch = (id: string, body: object) => world.call('server', 'PATCH', `/users/${id}`, { body });
const create = (body: object) => world.call('server', 'POST', '/users', { body });
const made = async (body: object) => (await world.must('server', 'POST', '/users', { body })) as Record<string, unknown> & { id: string };
const read = (id: string) => world.must('server', 'GET', `/users/${id}`);
const codes = (answers: Answer[]) => answers.map((answer) => answer.json['code'] ?? answer.status).sort();
const toldAbout = async (id: string, of = world) =>
  (await of.told()).filter((told) => told.data['id'] === id || told.data['user_id'] === id).map((told) => told.type);
const hasSession = async (user: Person) =>
  (await world.call('client', 'POST', '/auth/sessions/current/refresh', { headers: { 'x-stack-refresh-token': user.refreshToken } }))
    .status === 200;

const serverOnly = [
  'primary_email_auth_enabled',
  'server_metadata',
  'last_active_at_millis',
  'restricted_by_admin_private_details',
  'country_code',
  'risk_scores',
];

describe('GET /users/me', () => {
  test('hides from clients what only servers see', async () => {
    const user = await world.signUp();
    const [client, server] = [
      await world.must('client', 'GET', '/users/me', { user }),
      await world.must('server', 'GET', '/users/me', { user }),
    ];
    expect(
      Object.keys(server)
        .filter((key) => !Object.hasOwn(client, key))
        .sort(),
    ).toEqual([...serverOnly].sort());
    expect(client).toEqual(Object.fromEntries(Object.entries(server).filter(([key]) => !serverOnly.includes(key))));
  });

  test('asks the database the same two questions, however much the user has', async () => {
    const user = await world.signUp();
    const ask = () => statementsOf(() => world.must('client', 'GET', '/users/me', { user }));
    const before = await ask();
    await world.must('server', 'PATCH', `/users/${user.userId}`, { body: { otp_auth_enabled: true } });
    for (let count = 0; count < 3; count += 1) await world.createTeam(user);
    expect([before.length, await ask()]).toEqual([2, before]);
    expect(before.every((statement) => statement.startsWith('SELECT'))).toBe(true);
  });

  test('is read by keys alone: no table is read whole', async () => {
    const user = await world.signUp();
    const statements = await statementsOf(() => world.must('client', 'GET', '/users/me', { user }));
    const plan = await explain(statements.at(-1));
    const conditions = plan.match(/Index Cond: .*/g) ?? [];
    expect(plan).toContain('on "ProjectUser"');
    expect(plan).not.toMatch(/Seq Scan|Bitmap/);
    expect(conditions.filter((condition) => !/"projectUserId"|"teamId"/.test(condition))).toEqual([]);
  });

  test.each(['client', 'server', 'admin'] as const)('without a user says so: %s', async (access) => {
    expect((await world.call(access, 'GET', '/users/me')).json['code']).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
  });
});

/** The plan of a statement of the legacy, when the planner may not prefer reading small tables whole. */
async function explain(statement: string | undefined): Promise<string> {
  const client = await legacy.admin.connect();
  try {
    await client.query('set enable_seqscan = off');
    const { rows } = await client.query<Record<'QUERY PLAN', string>>(`explain (generic_plan) ${statement}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.query('reset enable_seqscan');
    client.release();
  }
}

describe('PATCH /users/me', () => {
  test('changes what a client may change, and tells the project', async () => {
    const user = await world.signUp();
    const body = { display_name: 'Ann', client_metadata: { a: [1] }, profile_image_url: picture, otp_auth_enabled: true };
    expect((await me(user, body)).json).toMatchObject(body);
    expect((await world.told()).filter((told) => told.data['id'] === user.userId).at(-1)).toMatchObject({
      type: 'user.updated',
      data: { ...body, server_metadata: null },
    });
    expect((await me(user, { display_name: '', otp_auth_enabled: false })).json).toMatchObject({
      display_name: null,
      otp_auth_enabled: false,
    });
  });

  test.each([
    ...['server_metadata', 'client_read_only_metadata', 'primary_email_verified', 'password', 'is_anonymous', 'country_code'],
    ...['risk_scores', 'restricted_by_admin', 'restricted_by_admin_reason', 'primary_email_auth_enabled', 'password_hash'],
  ])('refuses a client %s', async (field) => {
    expect((await me(await world.signUp(), { [field]: null })).text).toContain(`body contains unknown properties: ${field}`);
  });

  test.each([
    ['a picture that lies elsewhere', { profile_image_url: 'https://a.example/i.png' }, 'Invalid profile image URL'],
    ['a picture that is none', { profile_image_url: 'data:text/html;base64,AAAA' }, 'Invalid profile image URL'],
    ['metadata beyond 64 KiB', { client_metadata: metadataTooLarge }, 'client_metadata is larger than 65536 bytes of JSON.'],
    ['a passkey from nowhere', { passkey_auth_enabled: true }, 'passkey_auth_enabled can only be set to false.'],
    ['an empty second factor', { totp_secret_base64: '' }, 'totp_secret_base64 must be 1 to 128 bytes.'],
    ['a second factor that is no base64', { totp_secret_base64: '***' }, 'body.totp_secret_base64 is not valid base64'],
    ['a name beyond 256 characters', { display_name: 'x'.repeat(257) }, 'body.display_name must be at most 256 characters'],
    ['an empty address', { primary_email: '' }, 'body.primary_email must not be empty'],
  ])('refuses %s', async (_name, body, words) => {
    const answer = await me(await world.signUp(), body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(words)]);
  });

  test('selects a team of the user, and no other', async () => {
    const user = await world.signUp();
    const [team, foreign] = [await world.createTeam(user), await world.createTeam()];
    const selected = await me(user, { selected_team_id: team.id });
    expect(selected.json).toMatchObject({ selected_team_id: team.id, selected_team: { id: team.id, display_name: 'Team' } });
    expect(selected.json['selected_team']).not.toHaveProperty('server_metadata');
    expect((await me(user, { selected_team_id: foreign.id })).json).toMatchObject({
      code: 'TEAM_MEMBERSHIP_NOT_FOUND',
      details: { team_id: foreign.id, user_id: user.userId },
    });
    expect((await world.must('client', 'GET', '/users/me', { user }))['selected_team_id']).toBe(team.id);
    expect((await me(user, { selected_team_id: null })).json).toMatchObject({ selected_team_id: null, selected_team: null });
  });

  test('two teams selected at once: one is', async () => {
    const user = await world.signUp();
    const teams = [await world.createTeam(user), await world.createTeam(user)];
    for (let round = 0; round < rounds; round += 1) {
      const answers = await Promise.all(teams.map(({ id }) => me(user, { selected_team_id: id })));
      expect(codes(answers)).toEqual([200, 200]);
      expect(teams.map(({ id }) => id)).toContain((await read(user.userId))['selected_team_id']);
    }
  });

  test('gives up the passkey', async () => {
    const user = await world.signUp();
    await registerPasskey(world, user);
    expect((await read(user.userId))['passkey_auth_enabled']).toBe(true);
    expect((await me(user, { passkey_auth_enabled: false })).json['passkey_auth_enabled']).toBe(false);
  });

  test('turns the second factor on and off, and shows its secret to nobody', async () => {
    const user = await world.signUp();
    const secret = Buffer.alloc(20, 1).toString('base64');
    const answer = await me(user, { totp_secret_base64: secret });
    expect(answer.json['requires_totp_mfa']).toBe(true);
    expect(answer.text).not.toContain(secret);
    expect((await me(user, { totp_secret_base64: null })).json['requires_totp_mfa']).toBe(false);
  });

  test('a new primary address is not verified, and keeps the use of the old', async () => {
    const user = await world.signUp();
    await patch(user.userId, { primary_email_verified: true });
    const email = freshEmail();
    const answer = await me(user, { primary_email: ` ${email.toUpperCase()} `.trim() });
    expect(answer.json).toMatchObject({ primary_email: email, primary_email_verified: false });
    expect(await read(user.userId)).toMatchObject({ primary_email_auth_enabled: true });
    expect((await me(user, { primary_email: null })).json).toMatchObject({ primary_email: null, primary_email_verified: false });
  });
});

describe('DELETE /users/me', () => {
  test('is for clients only where the project lets them', async () => {
    const user = await closed.signUp();
    const refused = await closed.call('client', 'DELETE', '/users/me', { user });
    expect([refused.status, refused.text]).toEqual([400, 'Client user deletion is not enabled for this project']);
    expect(await closed.must('server', 'DELETE', '/users/me', { user })).toEqual({ success: true });
    expect((await closed.call('client', 'GET', '/users/me', { user })).json['code']).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
    const own = await world.signUp();
    expect(await world.must('client', 'DELETE', '/users/me', { user: own })).toEqual({ success: true });
  });
});

describe('GET /users', () => {
  const list = async (query: string) =>
    (await world.must('server', 'GET', `/users?${query}`)) as unknown as {
      items: { id: string; last_active_at_millis: number }[];
      pagination: { next_cursor: string | null };
    };

  test('lists the members of a team', async () => {
    const users = [await world.signUp(), await world.signUp()];
    const team = await world.createTeam(users[0]);
    await world.must('server', 'POST', `/team-memberships/${team.id}/${users[1]?.userId}`, { body: {} });
    expect((await list(`team_id=${team.id}`)).items.map(({ id }) => id)).toEqual(users.map(({ userId }) => userId));
    expect((await list(`team_id=${randomUUID()}`)).items).toEqual([]);
  });

  test.each([['desc=true'], ['desc=false']])('goes by the last activity, page by page: %s', async (order) => {
    const tag = randomUUID();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push((await made({ display_name: `Active ${tag}` })).id);
    // Two at one moment: their ids tell them apart.
    await legacy.admin.query(
      `update "ProjectUser" set "lastActiveAt" = '2031-01-01'::timestamptz + (array_position($1::uuid[], "projectUserId") / 2) * interval '1 hour'
       where "projectUserId" = any($1::uuid[])`,
      [ids],
    );
    const seen: { id: string; last_active_at_millis: number }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(`order_by=last_active_at&limit=2&query=${tag}&${order}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.items);
      cursor = page.pagination.next_cursor;
    }
    expect(seen.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const times = seen.map((user) => user.last_active_at_millis);
    expect(times).toEqual([...times].sort((a, b) => (order === 'desc=true' ? b - a : a - b)));
  });

  test('no page is larger than 5000, asked for or not', async () => {
    const crowd = await plantWorld(legacy);
    await legacy.admin.query(
      `insert into "ProjectUser" ("tenancyId", "projectUserId", "updatedAt") select $1, gen_random_uuid(), now() from generate_series(1, 5001)`,
      [crowd.project.tenancyId],
    );
    for (const query of ['', '?limit=100000']) {
      const page = await crowd.must('server', 'GET', `/users${query}`);
      expect([(page['items'] as unknown[]).length, page['pagination']]).toEqual([5000, { next_cursor: expect.any(String) }]);
    }
  });

  test.each([
    ['limit=0', 'query.limit must be greater than or equal to 1'],
    ['order_by=name', 'query.order_by must be one of the following values'],
    ['team_id=x', 'query.team_id must be a valid UUID'],
    [`cursor=${'0'.repeat(8)}-0000-4000-8000-000000000000`, 'The cursor does not exist.'],
  ])('refuses %s', async (query, words) => {
    const answer = await world.call('server', 'GET', `/users?${query}`);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(words)]);
  });

  test.each([
    ['signed_up_at', 'ProjectUser_tenancyId_signedUpAt_projectUserId_idx'],
    ['last_active_at', 'ProjectUser_tenancyId_lastActiveAt_projectUserId_idx'],
  ])('a page by %s starts at an index', async (order, index) => {
    const cursor = (await list(`limit=1&order_by=${order}`)).pagination.next_cursor;
    const statements = await statementsOf(() => list(`limit=1&order_by=${order}&cursor=${cursor}`));
    expect(await explain(statements.at(-1))).toContain(index);
  });
});

describe('POST /users', () => {
  test('makes a user with everything a server may say of it, and tells the project', async () => {
    const email = freshEmail();
    const answer = await create({
      display_name: 'Whole',
      primary_email: email,
      primary_email_verified: true,
      primary_email_auth_enabled: true,
      profile_image_url: 'https://a.example/i.png',
      client_metadata: { a: 1 },
      client_read_only_metadata: [2],
      server_metadata: 'three',
      password: 'password1',
      otp_auth_enabled: true,
      totp_secret_base64: Buffer.alloc(20, 1).toString('base64'),
      oauth_providers: [{ id: 'github', account_id: `whole-${email}`, email }],
      country_code: ' ch ',
      risk_scores: { sign_up: { bot: 12, free_trial_abuse: 34 } },
      restricted_by_admin: true,
      restricted_by_admin_reason: 'reason',
      restricted_by_admin_private_details: 'details',
    });
    expect([answer.status, answer.json]).toMatchObject([
      201,
      {
        display_name: 'Whole',
        primary_email: email,
        primary_email_verified: true,
        primary_email_auth_enabled: true,
        profile_image_url: 'https://a.example/i.png',
        client_metadata: { a: 1 },
        client_read_only_metadata: [2],
        server_metadata: 'three',
        has_password: true,
        otp_auth_enabled: true,
        auth_with_email: true,
        requires_totp_mfa: true,
        passkey_auth_enabled: false,
        oauth_providers: [{ id: 'github', account_id: `whole-${email}`, email }],
        country_code: 'CH',
        risk_scores: { sign_up: { bot: 12, free_trial_abuse: 34 } },
        is_anonymous: false,
        is_restricted: true,
        restricted_reason: { type: 'restricted_by_administrator' },
        restricted_by_admin: true,
        restricted_by_admin_reason: 'reason',
        restricted_by_admin_private_details: 'details',
      },
    ]);
    expect(await toldAbout(String(answer.json['id']))).toEqual(['project_permission.created', 'user.created']);
  });

  test.each([
    [
      'an unknown provider',
      { oauth_providers: [{ id: 'nobody', account_id: '1', email: null }] },
      'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED',
    ],
    ['a short password', { password: 'short' }, 'PASSWORD_TOO_SHORT'],
    ['a hash that is none', { password_hash: 'md5' }, 'Invalid password hash'],
    ['a hash too costly to check', { password_hash: '$2b$17$bQMRIYBoRJ3gqC6wLEgM2OhzyzTHqbBT29qmkwhZw0M0pVASV2vNy' }, 'at most 16 rounds'],
    [
      'reasons without a restriction',
      { restricted_by_admin_reason: 'r' },
      'restricted_by_admin_reason must be null when restricted_by_admin is not true',
    ],
    [
      'details without a restriction',
      { restricted_by_admin: false, restricted_by_admin_private_details: 'd' },
      'restricted_by_admin_private_details must be null',
    ],
    ['a country that is none', { country_code: 'nowhere' }, 'body.country_code must be a 2-letter country code'],
    [
      'a score beyond 100',
      { risk_scores: { sign_up: { bot: 101, free_trial_abuse: 0 } } },
      'body.risk_scores.sign_up.bot must be less than or equal to 100',
    ],
    [
      'a verified address that is not there',
      { primary_email_verified: true },
      'primary_email_verified cannot be true without primary_email.',
    ],
    [
      'signing in with no address',
      { primary_email_auth_enabled: true },
      'primary_email_auth_enabled cannot be true without primary_email.',
    ],
    ['a team', { selected_team_id: randomUUID() }, 'body contains unknown properties: selected_team_id'],
    ['a picture a browser would run', { profile_image_url: 'javascript:alert(1)' }, 'Invalid profile image URL'],
    ['large metadata', { server_metadata: metadataTooLarge }, 'server_metadata is larger than'],
  ])('refuses %s', async (_name, body, words) => {
    const answer = await create(body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(words)]);
  });

  test('refuses an address and an account somebody signs in with', async () => {
    const { email } = await world.signUp();
    const taken = await create({ primary_email: email.toUpperCase(), primary_email_auth_enabled: true });
    expect([taken.status, taken.json]).toMatchObject([
      409,
      { code: 'USER_EMAIL_ALREADY_EXISTS', details: { email, would_work_if_email_was_verified: false } },
    ]);
    expect((await create({ primary_email: email })).status).toBe(201);
    const account = { oauth_providers: [{ id: 'google', account_id: email, email: null }] };
    expect((await create(account)).status).toBe(201);
    expect((await create(account)).json['code']).toBe('OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN');
  });

  test('of ten creations with one address one happens, and the others leave nothing', async () => {
    const email = freshEmail();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({ primary_email: email, primary_email_auth_enabled: true })));
    expect(codes(answers)).toEqual([201, ...Array(9).fill('USER_EMAIL_ALREADY_EXISTS')]);
    expect((await world.told()).filter((told) => told.data['primary_email'] === email)).toHaveLength(1);
  });

  test('makes a team for the user where the project says so, which the answer does not show yet', async () => {
    const body = { primary_email: freshEmail() };
    const answer = await closed.must('server', 'POST', '/users', { body });
    expect(answer).toMatchObject({ selected_team_id: null, selected_team: null });
    const user = await closed.must('server', 'GET', `/users/${answer['id']}`);
    expect(user['selected_team']).toMatchObject({ display_name: `${body.primary_email}'s Team` });
    expect(await toldAbout(String(answer['id']), closed)).toEqual(['user.created', 'team_membership.created', 'team_permission.created']);
  });
});

describe('GET /users/:user_id', () => {
  test('says when there is no such user, also for one of another project', async () => {
    const foreign = await closed.signUp();
    for (const id of [randomUUID(), foreign.userId]) {
      const answer = await world.call('server', 'GET', `/users/${id}`);
      expect([answer.status, answer.json['code']]).toEqual([404, 'USER_NOT_FOUND']);
    }
    expect((await world.call('server', 'GET', '/users/nobody')).text).toContain('params.user_id must be a valid UUID');
  });

  test('knows `me` of a token', async () => {
    const user = await world.signUp();
    expect((await world.must('server', 'GET', '/users/me', { user }))['id']).toBe(user.userId);
  });
});

describe('PATCH /users/:user_id', () => {
  test.each([
    ['a new password', { password: 'another-password' }],
    ['an imported one', { password_hash: '$2b$10$bQMRIYBoRJ3gqC6wLEgM2OhzyzTHqbBT29qmkwhZw0M0pVASV2vNy' }],
    ['no password any more', { password: null }],
  ])('%s ends every session', async (_name, body) => {
    const user = await world.signUp();
    expect((await patch(user.userId, body)).json['has_password']).toBe(!('password' in body) || body.password !== null);
    expect(await hasSession(user)).toBe(false);
  });

  test('a change of anything else leaves the sessions', async () => {
    const user = await world.signUp();
    await patch(user.userId, { display_name: 'Other', otp_auth_enabled: true });
    expect(await hasSession(user)).toBe(true);
  });

  test('keeps the reasons of a restriction until they change or it is lifted', async () => {
    const { id } = await made({ restricted_by_admin: true, restricted_by_admin_reason: 'r', restricted_by_admin_private_details: 'd' });
    expect((await patch(id, { restricted_by_admin: true, restricted_by_admin_reason: 'other' })).json).toMatchObject({
      restricted_by_admin_reason: 'other',
      restricted_by_admin_private_details: 'd',
    });
    expect((await patch(id, { restricted_by_admin: false })).json).toMatchObject({
      is_restricted: false,
      restricted_reason: null,
      restricted_by_admin_reason: null,
      restricted_by_admin_private_details: null,
    });
  });

  test('makes an anonymous user a real one, who signed up now and gets what everyone gets', async () => {
    const made = await closed.must('server', 'POST', '/users', { body: { is_anonymous: true } });
    const id = String(made['id']);
    await legacy.admin.query(`update "ProjectUser" set "signedUpAt" = '2020-01-01' where "projectUserId" = $1`, [id]);
    const email = freshEmail();
    const answer = await closed.must('server', 'PATCH', `/users/${id}`, { body: { is_anonymous: false, primary_email: email } });
    expect(answer).toMatchObject({ is_anonymous: false, is_restricted: false, selected_team: { display_name: `${email}'s Team` } });
    expect(Number(answer['signed_up_at_millis'])).toBeGreaterThan(Date.now() - 60_000);
    const again = await closed.must('server', 'PATCH', `/users/${id}`, { body: { is_anonymous: false } });
    expect(again['signed_up_at_millis']).toBe(answer['signed_up_at_millis']);
    expect((await closed.call('server', 'PATCH', `/users/${id}`, { body: { is_anonymous: true } })).json['code']).toBe('SCHEMA_ERROR');
  });

  test('an address the user has already becomes the primary one as it is', async () => {
    const user = await world.signUp();
    const value = freshEmail();
    const body = { user_id: user.userId, type: 'email', value, used_for_auth: false, is_verified: true };
    const channel = await world.must('server', 'POST', '/contact-channels', { body });
    expect((await patch(user.userId, { primary_email: value })).json).toMatchObject({ primary_email: value, primary_email_verified: true });
    const listed = await world.must('server', 'GET', `/contact-channels?user_id=${user.userId}`);
    expect(listed['items']).toEqual([{ ...channel, is_primary: true, used_for_auth: true }]);
  });

  test('two users take one address for signing in: one gets it', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const ids = [(await made({})).id, (await made({})).id];
      const email = freshEmail();
      const answers = await Promise.all(ids.map((id) => patch(id, { primary_email: email, primary_email_auth_enabled: true })));
      expect(codes(answers)).toEqual([200, 'USER_EMAIL_ALREADY_EXISTS']);
    }
  });

  test('two changes of one user at once both happen, and the last told is what it is', async () => {
    const { id } = await made({});
    const answers = await Promise.all([
      patch(id, { display_name: 'Ann', primary_email: freshEmail() }),
      patch(id, { server_metadata: { b: 2 }, primary_email: freshEmail() }),
    ]);
    expect(codes(answers)).toEqual([200, 200]);
    const user = await read(id);
    expect(user).toMatchObject({ display_name: 'Ann', server_metadata: { b: 2 } });
    expect((await world.told()).filter((told) => told.data['id'] === id).at(-1)?.data).toEqual(user);
  });

  test('says when there is no such user', async () => {
    expect((await patch(randomUUID(), { display_name: 'x' })).json['code']).toBe('USER_NOT_FOUND');
  });
});

describe('DELETE /users/:user_id', () => {
  test('tells of every membership, then of the user, and takes its codes and keys along', async () => {
    const user = await world.signUp();
    const teams = [await world.createTeam(user), await world.createTeam(user)];
    const callback = { email: user.email, callback_url: 'http://localhost:3000/v' };
    await world.must('client', 'POST', '/contact-channels/send-verification-code', { user, body: callback });
    await world.must('client', 'POST', '/user-api-keys', { user, body: { description: 'k', expires_at_millis: null, user_id: 'me' } });
    const before = (await world.told()).length;
    expect(await world.must('server', 'DELETE', `/users/${user.userId}`)).toEqual({ success: true });
    const told = (await world.told()).slice(before);
    const ofTeams = teams.map(({ id }) => ({ type: 'team_membership.deleted', data: { team_id: id, user_id: user.userId } }));
    expect(told.slice(0, -1)).toHaveLength(teams.length);
    expect(told.slice(0, -1)).toEqual(expect.arrayContaining(ofTeams));
    expect(told.at(-1)).toMatchObject({ type: 'user.deleted', data: { id: user.userId, teams: expect.arrayContaining(teams) } });
    const { rows } = await legacy.admin.query(
      `select (select count(*)::int from "VerificationCode" where "data" ->> 'user_id' = $1) as codes,
              (select count(*)::int from "ProjectApiKey" where "projectUserId"::text = $1) as keys,
              (select count(*)::int from "DomainEvent" where "type" = 'user.deleted' and "payload" ->> 'user_id' = $1) as events`,
      [user.userId],
    );
    expect(rows[0]).toEqual({ codes: 0, keys: 0, events: 1 });
    expect(await hasSession(user)).toBe(false);
    expect((await world.call('server', 'DELETE', `/users/${user.userId}`)).json['code']).toBe('USER_NOT_FOUND');
  });

  test('two deletions at once: one happens, and it is told once', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { id } = await made({});
      const remove = () => world.call('server', 'DELETE', `/users/${id}`);
      expect(codes(await Promise.all([remove(), remove()]))).toEqual([200, 'USER_NOT_FOUND']);
      expect((await toldAbout(id)).filter((type) => type === 'user.deleted')).toHaveLength(1);
    }
  });

  test('who joins a team while being deleted is told of as leaving it, or never joined', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const [{ id }, team] = [await made({}), await world.createTeam()];
      await Promise.all([
        world.call('server', 'POST', `/team-memberships/${team.id}/${id}`, { body: {} }),
        world.call('server', 'DELETE', `/users/${id}`),
      ]);
      const told = (await toldAbout(id)).filter((type) => type.startsWith('team_membership'));
      expect([[], ['team_membership.created', 'team_membership.deleted']]).toContainEqual(told);
    }
  });
});

describe('when a user was last active', () => {
  test('is noted once a minute, however many sessions are refreshed at once, and a change of the user does not undo it', async () => {
    const user = await world.signUp();
    await legacy.admin.query(`update "ProjectUser" set "lastActiveAt" = now() - interval '2 hours' where "projectUserId" = $1`, [
      user.userId,
    ]);
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => hasSession(user)),
      patch(user.userId, { display_name: 'Meanwhile' }).then((answer) => answer.status === 200),
    ]);
    expect(answers).not.toContain(false);
    const noted = await read(user.userId);
    expect(noted['display_name']).toBe('Meanwhile');
    expect(Number(noted['last_active_at_millis'])).toBeGreaterThan(Date.now() - 60_000);
    expect(await hasSession(user)).toBe(true);
    expect((await read(user.userId))['last_active_at_millis']).toBe(noted['last_active_at_millis']);
  });
});

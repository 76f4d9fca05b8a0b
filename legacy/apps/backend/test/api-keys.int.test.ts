import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
let off: World;
let owner: Person;
let stranger: Person;
let team: { id: string };
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  off = await plantWorld(legacy, { 'apiKeys.enabled': { user: false, team: false } });
  owner = await world.signUp();
  stranger = await world.signUp();
  team = await world.createTeam(owner);
});
afterAll(() => legacy.close());

const userKey = (over: object = {}) => ({ description: 'My program', expires_at_millis: null, user_id: 'me', ...over });
const make = (over: object = {}) => world.must('client', 'POST', '/user-api-keys', { user: owner, body: userKey(over) });
const makeForTeam = (over: object = {}) =>
  world.must('client', 'POST', '/team-api-keys', {
    user: owner,
    body: { description: 'CI', expires_at_millis: null, team_id: team.id, ...over },
  });
const check = (value: unknown, type = 'user') => world.call('server', 'POST', `/${type}-api-keys/check`, { body: { api_key: value } });

describe('POST /user-api-keys', () => {
  test('shows the key once, in its format, and stores only its hash', async () => {
    const made = await make();
    expect(made).toMatchObject({ type: 'user', user_id: owner.userId, is_public: false, description: 'My program' });
    expect(made['value']).toMatch(/^sk_[0-9a-z]{45}[0-9a-f]{32}user[0-9a-z]574ck4u7h[0-9a-f]{8}$/);
    expect(made).not.toHaveProperty('expires_at_millis');
    const { rows } = await legacy.admin.query(`select "ProjectApiKey"::text as row from "ProjectApiKey" where "id" = $1`, [made['id']]);
    expect(rows[0].row).not.toContain(String(made['value']));
    expect((await make({ is_public: true }))['value']).toMatch(/^pk_/);
  });

  test('is refused for another user, and for one that does not exist', async () => {
    const forOther = await world.call('client', 'POST', '/user-api-keys', { user: owner, body: userKey({ user_id: stranger.userId }) });
    expect(forOther.status).toBe(403);
    const nobody = '00000000-0000-4000-8000-000000000000';
    const forNobody = await world.call('server', 'POST', '/user-api-keys', { body: userKey({ user_id: nobody }) });
    expect(forNobody.json).toMatchObject({ code: 'USER_ID_DOES_NOT_EXIST', details: { user_id: nobody } });
  });

  test('is refused without a user, and where the project has none', async () => {
    const answer = await world.call('client', 'POST', '/user-api-keys', { body: userKey({ user_id: owner.userId }) });
    expect(answer.json).toMatchObject({ code: 'USER_AUTHENTICATION_REQUIRED' });
    const person = await off.signUp();
    const disabled = await off.call('client', 'POST', '/user-api-keys', { user: person, body: userKey() });
    expect([disabled.status, disabled.text]).toEqual([400, 'User API keys are not enabled for this project.']);
  });

  test('an owner has at most two hundred, however many are asked for at once', async () => {
    const busy = await world.signUp();
    await legacy.admin.query(
      `insert into "ProjectApiKey" ("tenancyId", "id", "projectUserId", "secretApiKey", "lastFour", "description", "updatedAt")
       select $1, gen_random_uuid(), $2, 'hash' || n, 'abcd', 'k', now() from generate_series(1, 198) n`,
      [world.project.tenancyId, busy.userId],
    );
    const more = () => world.call('client', 'POST', '/user-api-keys', { user: busy, body: userKey() });
    const answers = await Promise.all(Array.from({ length: 5 }, more));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 400, 400, 400]);
  });

  test('an end beyond the year 9999 is the end of that year, and one before all years has passed', async () => {
    expect((await make({ expires_at_millis: 1e300 }))['expires_at_millis']).toBe(Date.UTC(10_000, 0, 1) - 1);
    const passed = await make({ expires_at_millis: -1e300 });
    expect((await check(passed['value'])).json['code']).toBe('API_KEY_EXPIRED');
  });

  test('a key for a user or a team that is deleted at the same moment is refused or goes along', async () => {
    for (let round = 0; round < 5; round += 1) {
      const going = await world.signUp();
      const body = { ...userKey(), user_id: going.userId };
      const [made] = await Promise.all([
        world.call('server', 'POST', '/user-api-keys', { body }),
        world.call('server', 'DELETE', `/users/${going.userId}`),
      ]);
      expect([200, 'USER_ID_DOES_NOT_EXIST']).toContain(made.json['code'] ?? made.status);
    }
  });
});

describe('GET /user-api-keys', () => {
  test('lists the caller’s own, by their last four characters only', async () => {
    const made = await make();
    const listed = await world.must('client', 'GET', '/user-api-keys?user_id=me', { user: owner });
    const [newest] = listed['items'] as Record<string, unknown>[];
    expect(newest).toMatchObject({ id: made['id'], value: { last_four: String(made['value']).slice(-4) } });
    expect(JSON.stringify(listed)).not.toContain(String(made['value']));
    const other = await world.call('client', 'GET', `/user-api-keys?user_id=${owner.userId}`, { user: stranger });
    expect(other.status).toBe(403);
  });
});

describe('GET /user-api-keys/:api_key_id', () => {
  test('is for its owner and for servers; to others it is not there', async () => {
    const { id } = await make({ expires_at_millis: 1_900_000_000_000 });
    expect(await world.must('client', 'GET', `/user-api-keys/${id}`, { user: owner })).toMatchObject({
      id,
      expires_at_millis: 1_900_000_000_000,
    });
    expect((await world.call('client', 'GET', `/user-api-keys/${id}`, { user: stranger })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
    const teamKey = await makeForTeam();
    expect((await world.call('server', 'GET', `/user-api-keys/${teamKey['id']}`)).json).toMatchObject({ code: 'API_KEY_NOT_FOUND' });
  });
});

describe('PATCH /user-api-keys/:api_key_id', () => {
  test('changes the description, and revokes for good', async () => {
    const { id, value } = await make();
    const path = `/user-api-keys/${id}?user_id=${owner.userId}`;
    expect(await world.must('client', 'PATCH', path, { user: owner, body: { description: 'Other' } })).toMatchObject({
      description: 'Other',
    });
    const revoked = await world.must('client', 'PATCH', path, { user: owner, body: { revoked: true } });
    expect(revoked['manually_revoked_at_millis']).toBeTypeOf('number');
    const again = await world.must('client', 'PATCH', path, { user: owner, body: { revoked: true } });
    expect(again['manually_revoked_at_millis']).toBe(revoked['manually_revoked_at_millis']);
    expect((await check(value)).json).toMatchObject({ code: 'API_KEY_REVOKED' });
    expect((await world.call('client', 'PATCH', path, { user: owner, body: { revoked: false } })).json).toMatchObject({
      code: 'SCHEMA_ERROR',
    });
    expect((await world.call('client', 'PATCH', path, { user: stranger, body: { revoked: true } })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
  });
});

describe('POST /user-api-keys/check', () => {
  test('says whose a good key is', async () => {
    const { id, value } = await make();
    expect((await check(value)).json).toMatchObject({ id, user_id: owner.userId, value: { last_four: String(value).slice(-4) } });
  });

  test.each([
    ['made up', async () => 'sk_x', 'API_KEY_NOT_FOUND'],
    ['with one character changed', async () => `${String((await make())['value']).slice(0, -1)}z`, 'API_KEY_NOT_FOUND'],
    ['that expired', async () => (await make({ expires_at_millis: 1_000 }))['value'], 'API_KEY_EXPIRED'],
    ['of a team', async () => (await makeForTeam())['value'], 'WRONG_API_KEY_TYPE'],
  ])('refuses a key %s', async (_name, value, code) => {
    expect((await check(await value())).json).toMatchObject({ code });
  });

  test('refuses a key of another project', async () => {
    const neighbour = await plantWorld(legacy);
    const answer = await neighbour.call('server', 'POST', '/user-api-keys/check', { body: { api_key: (await make())['value'] } });
    expect(answer.json).toMatchObject({ code: 'API_KEY_NOT_FOUND' });
  });
});

describe('POST /team-api-keys', () => {
  test('is for members who may manage keys; to others nothing is told', async () => {
    expect(await makeForTeam()).toMatchObject({ type: 'team', team_id: team.id, value: expect.stringMatching(/^sk_\w+team\w+$/) });
    const body = { description: 'CI', expires_at_millis: null, team_id: team.id };
    expect((await world.call('client', 'POST', '/team-api-keys', { user: stranger, body })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
    const nowhere = '00000000-0000-4000-8000-000000000000';
    const answer = await world.call('server', 'POST', '/team-api-keys', { body: { ...body, team_id: nowhere } });
    expect(answer.json).toMatchObject({ code: 'TEAM_NOT_FOUND' });
  });

  test('is refused where the project has none', async () => {
    const body = { description: 'CI', expires_at_millis: null, team_id: team.id };
    const answer = await off.call('server', 'POST', '/team-api-keys', { body });
    expect([answer.status, answer.text]).toEqual([400, 'Team API keys are not enabled for this project.']);
  });
});

describe('GET /team-api-keys', () => {
  test('lists the team’s, for those who may manage them', async () => {
    const { id } = await makeForTeam();
    const listed = await world.must('client', 'GET', `/team-api-keys?team_id=${team.id}`, { user: owner });
    expect((listed['items'] as { id: string }[])[0]?.id).toBe(id);
    expect((await world.call('client', 'GET', `/team-api-keys?team_id=${team.id}`, { user: stranger })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
  });
});

describe('GET /team-api-keys/:api_key_id', () => {
  test('is for those who may manage the team’s keys', async () => {
    const { id } = await makeForTeam();
    expect(await world.must('client', 'GET', `/team-api-keys/${id}`, { user: owner })).toMatchObject({ id, team_id: team.id });
    expect((await world.call('client', 'GET', `/team-api-keys/${id}`, { user: stranger })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
  });
});

describe('PATCH /team-api-keys/:api_key_id', () => {
  test('revokes, for those who may manage the team’s keys', async () => {
    const { id, value } = await makeForTeam();
    const path = `/team-api-keys/${id}`;
    expect((await world.call('client', 'PATCH', path, { user: stranger, body: { revoked: true } })).json).toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
    await world.must('client', 'PATCH', path, { user: owner, body: { revoked: true } });
    expect((await check(value, 'team')).json).toMatchObject({ code: 'API_KEY_REVOKED' });
  });
});

describe('POST /team-api-keys/check', () => {
  test('says whose a good key is, and refuses a user’s', async () => {
    const { value } = await makeForTeam();
    expect((await check(value, 'team')).json).toMatchObject({ team_id: team.id });
    expect((await check((await make())['value'], 'team')).json).toMatchObject({
      code: 'WRONG_API_KEY_TYPE',
      details: { expected_type: 'team', actual_type: 'user' },
    });
  });
});

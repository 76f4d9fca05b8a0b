import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Legacy, openLegacy } from './legacy.ts';
import { statementsOf } from './query-counter.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
let owner: Person;
let stranger: Person;
let team: { id: string };
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  owner = await world.signUp();
  stranger = await world.signUp();
  team = await world.createTeam(owner);
});
afterAll(() => legacy.close());

const codeOf = (answer: { json: Record<string, unknown> }) => answer.json['code'];
const grant = (id: string, user = owner) => world.call('server', 'POST', `/team-permissions/${team.id}/${user.userId}/${id}`, { body: {} });
const revoke = (id: string, user = owner) => world.call('server', 'DELETE', `/team-permissions/${team.id}/${user.userId}/${id}`);
const held = async (query: string) =>
  (await world.must('server', 'GET', `/team-permissions?${query}`))['items'] as Record<string, string>[];
const define = (body: object, scope = 'team') => world.call('admin', 'POST', `/${scope}-permission-definitions`, { body });
const rename = (id: string, to: string) => world.call('admin', 'PATCH', `/team-permission-definitions/${id}`, { body: { id: to } });
const remove = (id: string) => world.call('admin', 'DELETE', `/team-permission-definitions/${id}`);
const holders = async (id: string): Promise<number> => {
  const { rows } = await legacy.admin.query(
    'select count(*)::int as count from "TeamMemberDirectPermission" where "tenancyId" = $1 and "permissionId" = $2',
    [world.project.tenancyId, id],
  );
  return rows[0].count;
};
const definitions = async (scope = 'team') =>
  (await world.must('admin', 'GET', `/${scope}-permission-definitions`))['items'] as { id: string }[];

describe('GET /team-permissions', () => {
  test('shows what a member holds, and with recursive all that it contains, in order', async () => {
    expect(await held(`team_id=${team.id}&user_id=${owner.userId}`)).toEqual([
      { id: 'team_admin', user_id: owner.userId, team_id: team.id },
    ]);
    const ids = (await held(`team_id=${team.id}&user_id=${owner.userId}&recursive=true`)).map(({ id }) => id);
    expect(ids).toEqual([
      '$delete_team',
      '$invite_members',
      '$manage_api_keys',
      '$read_members',
      '$remove_members',
      '$update_team',
      'team_admin',
    ]);
    expect(await held(`team_id=${team.id}&user_id=${owner.userId}&recursive=true&permission_id=$update_team`)).toHaveLength(1);
  });

  test('is for a client about itself', async () => {
    expect((await world.must('client', 'GET', `/team-permissions?team_id=${team.id}&user_id=me`, { user: owner }))['items']).toHaveLength(
      1,
    );
    expect(
      (await world.call('client', 'GET', `/team-permissions?team_id=${team.id}&user_id=${owner.userId}`, { user: stranger })).status,
    ).toBe(403);
    expect((await world.call('client', 'GET', '/team-permissions', { user: owner })).status).toBe(403);
  });

  test('asks the database three times, however much a member holds, and finds its permissions by an index', async () => {
    const user = await world.signUp();
    const mine = await world.createTeam(user);
    const path = `/team-permissions?team_id=${mine.id}&user_id=me&recursive=true`;
    const few = await statementsOf(() => world.must('client', 'GET', path, { user }));
    for (const id of ['reader', 'writer', 'team_member', '$read_members'])
      await world.must('server', 'POST', `/team-permissions/${mine.id}/${user.userId}/${id}`, { body: {} });
    const many = await statementsOf(() => world.must('client', 'GET', path, { user }));
    expect(few).toHaveLength(3);
    expect(many).toEqual(few);
    const question = many.find((statement) => statement.includes('"TeamMemberDirectPermission"'));
    expect(await planOf(question ?? '')).toMatch(
      /Index Scan using "TeamMemberDirectPermission_tenancyId_projectUserId_teamId_p_key"[\s\S]*Index Cond: .*"tenancyId"[\s\S]*"projectUserId"[\s\S]*"teamId"/,
    );
  });

  test('orders by id alike with and without what is contained', async () => {
    const user = await world.signUp();
    for (const id of ['b_b', 'b:b', 'b1']) await define({ id });
    const mine = await world.createTeam(user);
    for (const id of ['b_b', '$read_members', 'b1', 'b:b'])
      await world.must('server', 'POST', `/team-permissions/${mine.id}/${user.userId}/${id}`, { body: {} });
    const ids = (await held(`team_id=${mine.id}`)).map(({ id }) => id);
    expect(ids).toEqual(['$read_members', 'b1', 'b:b', 'b_b', 'team_admin']);
    expect((await held(`team_id=${mine.id}&recursive=true`)).map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(ids);
  });
});

/** How many of the legacy's sessions wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await legacy.admin.query(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name = 'legacy' and wait_event_type = 'Lock'`,
  );
  return rows[0].count;
}

/** How PostgreSQL would run a statement on a table too big to read from end to end. */
async function planOf(statement: string): Promise<string> {
  const client = await legacy.admin.connect();
  try {
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
    const { rows } = await client.query(`explain (generic_plan) ${statement}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    client.release(true);
  }
}

describe('POST /team-permissions/:team_id/:user_id/:permission_id', () => {
  test('grants once, however often', async () => {
    const before = (await world.told()).length;
    const answers = await Promise.all(Array.from({ length: 4 }, () => grant('writer')));
    expect(answers.map(({ status, json }) => [status, json])).toEqual(
      Array.from({ length: 4 }, () => [201, { id: 'writer', user_id: owner.userId, team_id: team.id }]),
    );
    expect((await world.told()).slice(before).map(({ type }) => type)).toEqual(['team_permission.created']);
    expect((await held(`team_id=${team.id}&user_id=${owner.userId}&recursive=true`)).map(({ id }) => id)).toContain('reader');
  });

  test.each([
    ['that does not exist', 'nothing', 'PERMISSION_NOT_FOUND'],
    ['of the project', 'subscriber', 'WRONG_PERMISSION_SCOPE'],
  ])('refuses a permission %s', async (_name, id, code) => {
    expect(codeOf(await grant(id))).toBe(code);
  });

  test('refuses somebody who is no member, and takes one of the system', async () => {
    expect(codeOf(await grant('writer', stranger))).toBe('TEAM_MEMBERSHIP_NOT_FOUND');
    expect((await grant('$read_members')).status).toBe(201);
  });
});

describe('DELETE /team-permissions/:team_id/:user_id/:permission_id', () => {
  test('takes it, and says when it was not held directly', async () => {
    await grant('reader');
    expect((await revoke('reader')).json).toEqual({ success: true });
    expect((await revoke('reader')).json).toMatchObject({
      code: 'TEAM_PERMISSION_NOT_FOUND',
      details: { team_id: team.id, user_id: owner.userId, permission_id: 'reader' },
    });
    expect((await world.told()).at(-1)).toEqual({
      type: 'team_permission.deleted',
      data: { id: 'reader', user_id: owner.userId, team_id: team.id },
    });
  });
});

describe('GET /project-permissions', () => {
  test('shows what a user holds, recursively when asked, to itself and to servers', async () => {
    await world.must('server', 'POST', `/project-permissions/${owner.userId}/patron`, { body: {} });
    const own = await world.must('client', 'GET', '/project-permissions?user_id=me&recursive=true', { user: owner });
    expect(own['items']).toEqual(['patron', 'subscriber'].map((id) => ({ id, user_id: owner.userId })));
    expect((await world.call('client', 'GET', `/project-permissions?user_id=${owner.userId}`, { user: stranger })).status).toBe(403);
  });
});

describe('POST /project-permissions/:user_id/:permission_id', () => {
  test.each([
    ['that does not exist', 'nothing', 'PERMISSION_NOT_FOUND'],
    ['of a team', 'reader', 'WRONG_PERMISSION_SCOPE'],
  ])('refuses a permission %s', async (_name, id, code) => {
    expect(codeOf(await world.call('server', 'POST', `/project-permissions/${owner.userId}/${id}`, { body: {} }))).toBe(code);
  });

  test('refuses a user that does not exist', async () => {
    const answer = await world.call('server', 'POST', '/project-permissions/00000000-0000-4000-8000-000000000000/subscriber', { body: {} });
    expect(codeOf(answer)).toBe('USER_NOT_FOUND');
  });
});

describe('DELETE /project-permissions/:user_id/:permission_id', () => {
  test('takes it, and says when it was not held', async () => {
    await world.must('server', 'POST', `/project-permissions/${stranger.userId}/subscriber`, { body: {} });
    const path = `/project-permissions/${stranger.userId}/subscriber`;
    expect((await world.call('server', 'DELETE', path)).json).toEqual({ success: true });
    expect(codeOf(await world.call('server', 'DELETE', path))).toBe('PROJECT_PERMISSION_REQUIRED');
  });
});

describe('GET /team-permission-definitions', () => {
  test('lists those of the system first', async () => {
    expect((await definitions()).slice(0, 6).map(({ id }) => id)).toEqual([
      '$update_team',
      '$delete_team',
      '$read_members',
      '$remove_members',
      '$invite_members',
      '$manage_api_keys',
    ]);
  });
});

describe('POST /team-permission-definitions', () => {
  test('adds one; of the same twice at once one is refused', async () => {
    expect((await define({ id: 'a', description: 'A', contained_permission_ids: ['reader'] })).json).toEqual({
      id: 'a',
      description: 'A',
      contained_permission_ids: ['reader'],
    });
    const answers = await Promise.all([define({ id: 'b' }), define({ id: 'b' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400]);
    expect(codeOf(answers.find(({ status }) => status === 400) ?? { json: {} })).toBe('PERMISSION_ID_ALREADY_EXISTS');
  });

  test('at once with another loses neither', async () => {
    await Promise.all(['c1', 'c2', 'c3', 'c4'].map((id) => define({ id })));
    expect((await definitions()).map(({ id }) => id)).toEqual(expect.arrayContaining(['c1', 'c2', 'c3', 'c4']));
  });

  test.each([
    ['an id with capitals', { id: 'Capital' }, 'SCHEMA_ERROR'],
    ['an id of the system’s form', { id: '$mine' }, 'SCHEMA_ERROR'],
    ['the one id the settings cannot keep', { id: '__proto__' }, 'PERMISSION_ID_ALREADY_EXISTS'],
    ['an unknown contained one', { id: 'd', contained_permission_ids: ['nothing'] }, 'CONTAINED_PERMISSION_NOT_FOUND'],
  ])('refuses %s', async (_name, body, code) => {
    expect(codeOf(await define(body))).toBe(code);
  });
});

describe('POST /team-permission-definitions', () => {
  test('gives a name anew to nobody, also where its definition was lost while people held it', async () => {
    await define({ id: 'lost' });
    await grant('lost');
    await legacy.admin.query(
      `update "EnvironmentConfigOverride" set "config" = "config" - 'rbac.permissions.lost' where "projectId" = $1`,
      [world.project.id],
    );
    expect(await holders('lost')).toBe(1);
    expect((await define({ id: 'lost' })).status).toBe(201);
    expect(await holders('lost')).toBe(0);
  });
});

describe('PATCH /team-permission-definitions/:permission_id', () => {
  test('at once with a grant leaves nobody with the old name: it is renamed, or refused', async () => {
    for (let round = 0; round < 8; round += 1) {
      await define({ id: `race_${round}` });
      const [granted, renamed] = await Promise.all([grant(`race_${round}`), rename(`race_${round}`, `raced_${round}`)]);
      expect(renamed.status).toBe(200);
      expect([await holders(`race_${round}`), await holders(`raced_${round}`)]).toEqual([0, granted.status === 201 ? 1 : 0]);
      if (granted.status !== 201) expect(codeOf(granted)).toBe('PERMISSION_NOT_FOUND');
    }
  });

  test('of a default role at once with somebody who joins gives them the new name', async () => {
    const names = ['team_member', 'joiner'];
    for (let round = 0; round < 6; round += 1) {
      const [before = '', after = ''] = round % 2 === 0 ? names : names.toReversed();
      const joined = await world.createTeam();
      const answers = await Promise.all([
        world.call('server', 'POST', `/team-memberships/${joined.id}/${stranger.userId}`, { body: {} }),
        rename(before, after),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([201, 200]);
      expect((await held(`team_id=${joined.id}`)).map(({ id }) => id)).toEqual([after]);
    }
  });

  test.each([
    ['team', async () => `/teams/${(await world.createTeam(owner)).id}`],
    ['user', async () => `/users/${(await world.signUp()).userId}`],
  ])('is never met half-way by the deletion of a %s, which takes holders in an order of its own', async (_name, make) => {
    const path = await make();
    const changer = await legacy.admin.connect();
    await changer.query('begin');
    await changer.query('select 1 from "Tenancy" where "id" = $1 for no key update', [world.project.tenancyId]);
    const deletion = world.call('server', 'DELETE', path);
    await expect.poll(waiting, { interval: 20, timeout: 5_000 }).toBe(1);
    await changer.query('commit');
    changer.release();
    expect((await deletion).status).toBe(200);
  });

  test('twice at once renames once', async () => {
    await define({ id: 'twice' });
    const answers = await Promise.all([rename('twice', 'one'), rename('twice', 'two')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await definitions()).filter(({ id }) => ['twice', 'one', 'two'].includes(id))).toHaveLength(1);
  });

  test('keeps to what it changes: the rest still follows the layers below', async () => {
    const other = await plantWorld(legacy, { 'rbac.permissions': undefined });
    const push = (permissions: object) =>
      legacy.admin.query(
        `insert into "BranchConfigOverride" ("projectId", "branchId", "config") values ($1, 'main', $2)
         on conflict ("projectId", "branchId") do update set "config" = excluded."config"`,
        [other.project.id, JSON.stringify({ 'rbac.permissions': permissions })],
      );
    const listed = async () =>
      ((await other.must('admin', 'GET', '/project-permission-definitions'))['items'] as { id: string }[]).map(({ id }) => id);
    await push({ below: { scope: 'project' }, doomed: { scope: 'project' } });
    await other.must('admin', 'PATCH', '/project-permission-definitions/below', { body: { description: 'Said above' } });
    await other.must('admin', 'DELETE', '/project-permission-definitions/doomed');
    await push({ below: { scope: 'project' }, doomed: { scope: 'project' }, later: { scope: 'project' } });
    expect(await listed()).toEqual(['below', 'later']);
  });

  test('renames it wherever it is held, contained or a default', async () => {
    await define({ id: 'old' });
    await define({ id: 'outer', contained_permission_ids: ['old'] });
    await grant('old');
    const renamed = await world.must('admin', 'PATCH', '/team-permission-definitions/old', { body: { id: 'new' } });
    expect(renamed).toEqual({ id: 'new', contained_permission_ids: [] });
    expect((await held(`team_id=${team.id}&user_id=${owner.userId}`)).map(({ id }) => id)).toContain('new');
    expect((await definitions()).find(({ id }) => id === 'outer')).toMatchObject({ contained_permission_ids: ['new'] });
    expect(codeOf(await world.call('admin', 'PATCH', '/team-permission-definitions/old', { body: {} }))).toBe('PERMISSION_NOT_FOUND');
    await world.must('admin', 'PATCH', '/team-permission-definitions/team_member', { body: { id: 'plain_member' } });
    const later = await world.createTeam();
    await world.must('server', 'POST', `/team-memberships/${later.id}/${stranger.userId}`, { body: {} });
    expect(await held(`team_id=${later.id}`)).toMatchObject([{ id: 'plain_member' }]);
    await world.must('admin', 'PATCH', '/team-permission-definitions/plain_member', { body: { id: 'team_member' } });
  });
});

describe('DELETE /team-permission-definitions/:permission_id', () => {
  test('at once with a grant leaves nobody with it', async () => {
    for (let round = 0; round < 6; round += 1) {
      await define({ id: `doomed_${round}` });
      const [granted, removed] = await Promise.all([grant(`doomed_${round}`), remove(`doomed_${round}`)]);
      expect(removed.status).toBe(200);
      expect([201, 404]).toContain(granted.status);
      expect(await holders(`doomed_${round}`)).toBe(0);
    }
  });

  test('takes it from everybody', async () => {
    await define({ id: 'gone' });
    await grant('gone');
    expect((await world.call('admin', 'DELETE', '/team-permission-definitions/gone')).json).toEqual({ success: true });
    expect((await held(`team_id=${team.id}&user_id=${owner.userId}`)).map(({ id }) => id)).not.toContain('gone');
    expect(codeOf(await world.call('admin', 'DELETE', '/team-permission-definitions/gone'))).toBe('PERMISSION_NOT_FOUND');
  });
});

describe('GET /project-permission-definitions', () => {
  test('lists the project’s own only', async () => {
    expect((await definitions('project')).map(({ id }) => id)).toEqual(expect.arrayContaining(['patron', 'subscriber']));
    expect((await definitions('project')).some(({ id }) => id.startsWith('$'))).toBe(false);
  });
});

describe('POST /project-permission-definitions', () => {
  test('cannot contain a team’s', async () => {
    expect(codeOf(await define({ id: 'p', contained_permission_ids: ['reader'] }, 'project'))).toBe('CONTAINED_PERMISSION_NOT_FOUND');
    expect((await define({ id: 'p', contained_permission_ids: ['patron'] }, 'project')).status).toBe(201);
  });
});

describe('PATCH /project-permission-definitions/:permission_id', () => {
  test('renames what users hold', async () => {
    await define({ id: 'before' }, 'project');
    await world.must('server', 'POST', `/project-permissions/${stranger.userId}/before`, { body: {} });
    await world.must('admin', 'PATCH', '/project-permission-definitions/before', { body: { id: 'after' } });
    const own = await world.must('client', 'GET', '/project-permissions?user_id=me', { user: stranger });
    expect(own['items']).toEqual([{ id: 'after', user_id: stranger.userId }]);
  });
});

describe('DELETE /project-permission-definitions/:permission_id', () => {
  test('of a team’s permission finds none', async () => {
    expect(codeOf(await world.call('admin', 'DELETE', '/project-permission-definitions/reader'))).toBe('PERMISSION_NOT_FOUND');
  });
});

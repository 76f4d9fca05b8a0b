import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoProject } from '../seed/demo-project.ts';
import { seedRefreshToken, seedUuid } from '../seed/identifiers.ts';
import { benchProject, countUsers, seedManyUsers } from '../seed/many-users.ts';
import { type Legacy, openLegacy } from './legacy.ts';

let legacy: Legacy;
beforeAll(async () => {
  legacy = await openLegacy();
});
afterAll(() => legacy.close());

const asBench = {
  'x-stack-project-id': benchProject.id,
  'x-stack-access-type': 'client',
  'x-stack-publishable-client-key': benchProject.publishableClientKey,
};

test('the demo project has 200 users in 20 teams, whose leaders may do everything', async () => {
  const { rows } = await legacy.admin.query(
    `select (select count(*)::int from "ProjectUser" where "tenancyId" = $1) as users,
            (select count(*)::int from "Team" where "tenancyId" = $1) as teams,
            (select count(*)::int from "TeamMemberDirectPermission" where "tenancyId" = $1 and "permissionId" = 'team_admin') as leaders`,
    [demoProject.tenancyId],
  );
  expect(rows[0]).toEqual({ users: 200, teams: 20, leaders: 20 });
});

test('many users are added to those that are there, and each can be signed in', async () => {
  expect(await seedManyUsers(legacy.adminUrl, 30, () => {})).toMatchObject({ had: 0, users: 30, rows: 30 * 7 + 3 });
  expect(await seedManyUsers(legacy.adminUrl, 45, () => {})).toMatchObject({ had: 30, users: 45, rows: 15 * 7 + 2 });
  expect(await seedManyUsers(legacy.adminUrl, 10, () => {})).toMatchObject({ had: 45, users: 45, rows: 0 });
  expect(await countUsers(legacy.adminUrl)).toBe(45);
  const refreshed = await legacy.call('POST', '/auth/sessions/current/refresh', {
    headers: { ...asBench, 'x-stack-refresh-token': seedRefreshToken(44) },
  });
  const me = await legacy.call('GET', '/users/me', { headers: asBench, token: String(refreshed.json['access_token']) });
  expect(me.json).toMatchObject({ id: seedUuid('user', 44), primary_email: 'user44@bench.example.com', has_password: true });
});

test('a run that fails in the middle leaves whole steps only', async () => {
  await legacy.admin.query(
    `insert into "ProjectUserRefreshToken" ("tenancyId", "id", "projectUserId", "refreshToken") values ($1, $2, $3, $4)`,
    [benchProject.tenancyId, seedUuid('x', 1), seedUuid('user', 0), seedRefreshToken(47)],
  );
  await expect(seedManyUsers(legacy.adminUrl, 50, () => {})).rejects.toThrow(/duplicate key/);
  expect(await countUsers(legacy.adminUrl)).toBe(45);
});

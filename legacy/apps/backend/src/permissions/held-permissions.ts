import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database } from '../database.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { holdMember, holdUser } from '../teams/hold-member.ts';
import type { UserKey } from '../users/find-user.ts';
import { tell } from '../webhooks/tell.ts';
import { assertPermissionExists } from './definitions.ts';
import { holdDefinitions } from './hold-definitions.ts';
import { withContained } from './team-permission.ts';

const rowsMax = 10_000;

export type HeldQuery = { userId?: string | undefined; teamId?: string | undefined; permissionId?: string | undefined; recursive: boolean };
type TeamPermission = { id: string; user_id: string; team_id: string };
type ProjectPermission = { id: string; user_id: string };
type Grantor = { tenancyId: string; projectId: string };

/** Who holds which permission in which team, by team, user and id. One statement. */
export async function listTeamPermissions(tenancyId: string, config: ProjectConfig, query: HeldQuery): Promise<TeamPermission[]> {
  const rows = await database().teamMemberDirectPermission.findMany({
    where: {
      tenancyId,
      ...(query.userId === undefined ? {} : { projectUserId: query.userId }),
      ...(query.teamId === undefined ? {} : { teamId: query.teamId }),
    },
    select: { teamId: true, projectUserId: true, permissionId: true },
    orderBy: [{ teamId: 'asc' }, { projectUserId: 'asc' }],
    take: rowsMax,
  });
  const groups = Map.groupBy(rows, (row) => `${row.teamId} ${row.projectUserId}`);
  return [...groups.values()].flatMap((held) => {
    const [first] = held;
    if (first === undefined) return [];
    const ids = idsOf(held, config, query);
    return ids.map((id) => ({ id, user_id: first.projectUserId, team_id: first.teamId }));
  });
}

/** Who holds which permission of the project, by user and id. */
export async function listProjectPermissions(tenancyId: string, config: ProjectConfig, query: HeldQuery): Promise<ProjectPermission[]> {
  const rows = await database().projectUserDirectPermission.findMany({
    where: { tenancyId, ...(query.userId === undefined ? {} : { projectUserId: query.userId }) },
    select: { projectUserId: true, permissionId: true },
    orderBy: { projectUserId: 'asc' },
    take: rowsMax,
  });
  const groups = Map.groupBy(rows, (row) => row.projectUserId);
  return [...groups].flatMap(([userId, held]) => idsOf(held, config, query).map((id) => ({ id, user_id: userId })));
}

function idsOf(held: readonly { permissionId: string }[], config: ProjectConfig, { recursive, permissionId }: HeldQuery): string[] {
  const direct = held.map((row) => row.permissionId);
  const ids = recursive ? [...withContained(config, direct)] : direct;
  return ids.filter((id) => permissionId === undefined || id === permissionId).sort();
}

/** Grants a member a permission; again changes nothing. Throws PERMISSION_NOT_FOUND, WRONG_PERMISSION_SCOPE, TEAM_MEMBERSHIP_NOT_FOUND. */
export async function grantTeamPermission(by: Grantor, user: UserKey, teamId: string, id: string): Promise<TeamPermission> {
  const granted = { id, user_id: user.projectUserId, team_id: teamId };
  await database().$transaction(async (tx) => {
    assertPermissionExists(await holdDefinitions(tx, by.tenancyId), 'team', id);
    await holdMember(tx, user, teamId);
    const { count } = await tx.teamMemberDirectPermission.createMany({
      data: [{ ...user, teamId, id: randomUUID(), permissionId: id }],
      skipDuplicates: true,
    });
    if (count === 1) await tell(tx, by.projectId, 'team_permission.created', granted);
  });
  return granted;
}

/** Throws TEAM_PERMISSION_NOT_FOUND when the member does not hold it directly. */
export async function revokeTeamPermission(by: Grantor, user: UserKey, teamId: string, id: string): Promise<void> {
  await database().$transaction(async (tx) => {
    const { count } = await tx.teamMemberDirectPermission.deleteMany({ where: { ...user, teamId, permissionId: id } });
    if (count === 0) throw new KnownErrors.TeamPermissionNotFound(teamId, user.projectUserId, id);
    await tell(tx, by.projectId, 'team_permission.deleted', { id, user_id: user.projectUserId, team_id: teamId });
  });
}

/** Grants a user a permission of the project; again changes nothing. Throws PERMISSION_NOT_FOUND, WRONG_PERMISSION_SCOPE, USER_NOT_FOUND. */
export async function grantProjectPermission(by: Grantor, user: UserKey, id: string): Promise<ProjectPermission> {
  const granted = { id, user_id: user.projectUserId };
  await database().$transaction(async (tx) => {
    assertPermissionExists(await holdDefinitions(tx, by.tenancyId), 'project', id);
    await holdUser(tx, user);
    const { count } = await tx.projectUserDirectPermission.createMany({
      data: [{ ...user, id: randomUUID(), permissionId: id }],
      skipDuplicates: true,
    });
    if (count === 1) await tell(tx, by.projectId, 'project_permission.created', granted);
  });
  return granted;
}

/** Throws PROJECT_PERMISSION_REQUIRED when the user does not hold it directly: the wire has no code of its own for this. */
export async function revokeProjectPermission(by: Grantor, user: UserKey, id: string): Promise<void> {
  await database().$transaction(async (tx) => {
    const { count } = await tx.projectUserDirectPermission.deleteMany({ where: { ...user, permissionId: id } });
    if (count === 0) throw new KnownErrors.ProjectPermissionRequired(user.projectUserId, id);
    await tell(tx, by.projectId, 'project_permission.deleted', { id, user_id: user.projectUserId });
  });
}

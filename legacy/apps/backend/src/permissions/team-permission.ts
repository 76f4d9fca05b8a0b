import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database, type Transaction } from '../database.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { UserKey } from '../users/find-user.ts';
import type { SystemPermission } from './system-permissions.ts';

type Reader = Pick<Transaction, 'teamMemberDirectPermission' | 'teamMember'>;

/** The permissions had with the given ones: themselves, and all they contain, to any depth. Cycles end. */
export function withContained(config: ProjectConfig, ids: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const contained = config.rbac.permissions[id]?.containedPermissionIds ?? {};
    open.push(...Object.keys(contained).filter((containedId) => contained[containedId] === true));
  }
  return found;
}

/** Every permission of a member in a team, contained ones too. One statement. */
export async function teamPermissionsOf(
  user: UserKey,
  teamId: string,
  config: ProjectConfig,
  client: Reader = database(),
): Promise<Set<string>> {
  const rows = await client.teamMemberDirectPermission.findMany({ where: { ...user, teamId }, select: { permissionId: true } });
  return withContained(
    config,
    rows.map((row) => row.permissionId),
  );
}

/** Throws TEAM_MEMBERSHIP_NOT_FOUND. */
export async function assertTeamMember(user: UserKey, teamId: string, client: Reader = database()): Promise<void> {
  const where = { tenancyId_projectUserId_teamId: { ...user, teamId } };
  if ((await client.teamMember.findUnique({ where, select: { teamId: true } })) === null)
    throw new KnownErrors.TeamMembershipNotFound(teamId, user.projectUserId);
}

/** Throws TEAM_MEMBERSHIP_NOT_FOUND, or TEAM_PERMISSION_REQUIRED. */
export async function assertTeamPermission(
  question: { user: UserKey; teamId: string; permission: SystemPermission; config: ProjectConfig },
  client: Reader = database(),
): Promise<void> {
  const { user, teamId, permission, config } = question;
  await assertTeamMember(user, teamId, client);
  const held = await teamPermissionsOf(user, teamId, config, client);
  if (!held.has(permission)) throw new KnownErrors.TeamPermissionRequired(teamId, user.projectUserId, permission);
}

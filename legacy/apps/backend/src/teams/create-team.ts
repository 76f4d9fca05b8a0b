import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { type Transaction, violatedIndex } from '../database.ts';
import type { Team } from '../generated/prisma/client.ts';
import { defaultPermissions } from '../permissions/default-permissions.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { asJson } from '../users/json-column.ts';
import { tell } from '../webhooks/tell.ts';
import { serverTeam } from './team.ts';

export type TeamOwner = { tenancyId: string; projectId: string; config: ProjectConfig };
export type NewTeam = {
  displayName: string;
  profileImageUrl?: string | null | undefined;
  clientMetadata?: unknown;
  clientReadOnlyMetadata?: unknown;
  serverMetadata?: unknown;
};

/** Writes a team; its creator, if any, becomes its first member, with the creator's permissions. Throws USER_NOT_FOUND. */
export async function createTeam(tx: Transaction, owner: TeamOwner, team: NewTeam, creatorUserId: string | null): Promise<Team> {
  const row = await tx.team.create({
    data: {
      tenancyId: owner.tenancyId,
      teamId: randomUUID(),
      displayName: team.displayName,
      profileImageUrl: team.profileImageUrl ?? null,
      clientMetadata: asJson(team.clientMetadata),
      clientReadOnlyMetadata: asJson(team.clientReadOnlyMetadata),
      serverMetadata: asJson(team.serverMetadata),
    },
  });
  await tell(tx, owner.projectId, 'team.created', serverTeam(row));
  if (creatorUserId !== null) await addMember(tx, owner, { teamId: row.teamId, projectUserId: creatorUserId, role: 'creator' });
  return row;
}

/** Makes a user a member, with the permissions of its role. Throws TEAM_MEMBERSHIP_ALREADY_EXISTS; of two at the same time one gets it. */
export async function addMember(
  tx: Transaction,
  owner: TeamOwner,
  member: { teamId: string; projectUserId: string; role: 'creator' | 'member' },
): Promise<void> {
  const key = { tenancyId: owner.tenancyId, teamId: member.teamId, projectUserId: member.projectUserId };
  try {
    await tx.teamMember.create({ data: key });
  } catch (error) {
    if (violatedIndex(error) === 'TeamMember_pkey') throw new KnownErrors.TeamMembershipAlreadyExists();
    throw error;
  }
  await tell(tx, owner.projectId, 'team_membership.created', { team_id: key.teamId, user_id: key.projectUserId });
  for (const permissionId of await defaultPermissions(tx, owner, member.role === 'creator' ? 'teamCreator' : 'teamMember')) {
    await tx.teamMemberDirectPermission.create({ data: { ...key, id: randomUUID(), permissionId } });
    await tell(tx, owner.projectId, 'team_permission.created', { id: permissionId, team_id: key.teamId, user_id: key.projectUserId });
  }
}

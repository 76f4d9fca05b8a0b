import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database } from '../database.ts';
import type { Prisma, Team } from '../generated/prisma/client.ts';
import { keepDefinitions } from '../permissions/hold-definitions.ts';
import { asJson } from '../users/json-column.ts';
import { tell } from '../webhooks/tell.ts';
import type { NewTeam, TeamOwner } from './create-team.ts';
import { serverTeam } from './team.ts';

/** What may change of a team; absent means unchanged. */
export type TeamChange = Partial<Omit<NewTeam, 'displayName'>> & { displayName?: string | undefined };

/** Throws TEAM_NOT_FOUND. */
export async function findTeam(tenancyId: string, teamId: string): Promise<Team> {
  const row = await database().team.findUnique({ where: { tenancyId_teamId: { tenancyId, teamId } } });
  if (row === null) throw new KnownErrors.TeamNotFound(teamId);
  return row;
}

/** Throws TEAM_NOT_FOUND. */
export async function updateTeam(owner: TeamOwner, teamId: string, change: TeamChange): Promise<Team> {
  const { tenancyId, projectId } = owner;
  return database().$transaction(async (tx) => {
    const { count } = await tx.team.updateMany({ where: { tenancyId, teamId }, data: changedColumns(change) });
    const row = count === 0 ? null : await tx.team.findUnique({ where: { tenancyId_teamId: { tenancyId, teamId } } });
    if (row === null) throw new KnownErrors.TeamNotFound(teamId);
    await tell(tx, projectId, 'team.updated', serverTeam(row));
    return row;
  });
}

/** Deletes a team with its memberships, permissions, keys and open invitations. Throws TEAM_NOT_FOUND. */
export async function deleteTeam(owner: TeamOwner & { branchId: string }, teamId: string): Promise<void> {
  const { tenancyId, projectId, branchId } = owner;
  await database().$transaction(async (tx) => {
    await keepDefinitions(tx, tenancyId);
    const { count } = await tx.team.deleteMany({ where: { tenancyId, teamId } });
    if (count === 0) throw new KnownErrors.TeamNotFound(teamId);
    await tx.$executeRaw`
      delete from "VerificationCode" where "projectId" = ${projectId} and "branchId" = ${branchId}
        and "type" = 'TEAM_INVITATION' and "data" ->> 'team_id' = ${teamId}`;
    await tell(tx, projectId, 'team.deleted', { id: teamId });
  });
}

function changedColumns(change: TeamChange): Prisma.TeamUpdateManyMutationInput {
  const data: Prisma.TeamUpdateManyMutationInput = { updatedAt: new Date() };
  if (change.displayName !== undefined) data.displayName = change.displayName;
  if (change.profileImageUrl !== undefined) data.profileImageUrl = change.profileImageUrl;
  if (change.clientMetadata !== undefined) data.clientMetadata = asJson(change.clientMetadata);
  if (change.clientReadOnlyMetadata !== undefined) data.clientReadOnlyMetadata = asJson(change.clientReadOnlyMetadata);
  if (change.serverMetadata !== undefined) data.serverMetadata = asJson(change.serverMetadata);
  return data;
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Transaction } from '../database.ts';
import type { UserKey } from '../users/find-user.ts';

/** Holds a team against deletion until the transaction ends. Throws TEAM_NOT_FOUND. */
export async function holdTeam(tx: Transaction, tenancyId: string, teamId: string): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from "Team" where "tenancyId" = ${tenancyId}::uuid and "teamId" = ${teamId}::uuid for key share`;
  if (rows.length === 0) throw new KnownErrors.TeamNotFound(teamId);
}

/** Holds a user against deletion until the transaction ends. Throws USER_NOT_FOUND. */
export async function holdUser(tx: Transaction, { tenancyId, projectUserId }: UserKey): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from "ProjectUser" where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = ${projectUserId}::uuid for key share`;
  if (rows.length === 0) throw new KnownErrors.UserNotFound();
}

/** Holds a membership against its end until the transaction ends. Throws TEAM_MEMBERSHIP_NOT_FOUND. */
export async function holdMember(tx: Transaction, { tenancyId, projectUserId }: UserKey, teamId: string): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from "TeamMember" where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = ${projectUserId}::uuid
      and "teamId" = ${teamId}::uuid for key share`;
  if (rows.length === 0) throw new KnownErrors.TeamMembershipNotFound(teamId, projectUserId);
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Transaction } from '../database.ts';
import type { UserKey } from './find-user.ts';

/** Selects one of the user's teams, or none. The caller holds the user's row. Throws TEAM_MEMBERSHIP_NOT_FOUND. */
export async function selectTeam(tx: Transaction, key: UserKey, teamId: string | null): Promise<void> {
  await tx.teamMember.updateMany({ where: { ...key, isSelected: 'TRUE' }, data: { isSelected: null } });
  if (teamId === null) return;
  const selected = await tx.teamMember.updateMany({ where: { ...key, teamId }, data: { isSelected: 'TRUE' } });
  if (selected.count === 0) throw new KnownErrors.TeamMembershipNotFound(teamId, key.projectUserId);
}

import type { Transaction } from '../database.ts';

/** What a mail may print of its user. */
export type LockedUser = { projectUserId: string; displayName: string | null };

/**
 * Holds users against deletion until the transaction ends, in one order for everyone; answers those that exist, by id.
 * Notifications has no foreign key to users (legacy/README.md, line 3), so a write about a user asks for what the key would have.
 */
export async function lockUsers(tx: Transaction, tenancyId: string, userIds: readonly string[]): Promise<Map<string, LockedUser>> {
  const rows = await tx.$queryRaw<LockedUser[]>`
    select "projectUserId", "displayName" from "ProjectUser"
    where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = any(${userIds}::uuid[])
    order by "projectUserId" for key share`;
  return new Map(rows.map((row) => [row.projectUserId, row]));
}

/** The same for every user of the project that has signed up, oldest first. */
export async function lockAllUsers(tx: Transaction, tenancyId: string, usersMax: number): Promise<LockedUser[]> {
  return tx.$queryRaw<LockedUser[]>`
    select "projectUserId", "displayName" from "ProjectUser"
    where "tenancyId" = ${tenancyId}::uuid and not "isAnonymous"
    order by "signedUpAt", "projectUserId" limit ${usersMax + 1} for key share`;
}

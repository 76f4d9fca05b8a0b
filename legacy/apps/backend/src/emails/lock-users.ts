import type { Transaction } from '../database.ts';

/**
 * Holds users against deletion until the transaction ends, in one order for everyone; answers those that exist.
 * Notifications has no foreign key to users (legacy/README.md, line 3), so a write about a user asks for what the key would have.
 */
export async function lockUsers(tx: Transaction, tenancyId: string, userIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ projectUserId: string }[]>`
    select "projectUserId" from "ProjectUser"
    where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = any(${userIds}::uuid[])
    order by "projectUserId" for key share`;
  return new Set(rows.map((row) => row.projectUserId));
}

/** The same for every user of the project that has signed up, oldest first. */
export async function lockAllUsers(tx: Transaction, tenancyId: string, usersMax: number): Promise<string[]> {
  const rows = await tx.$queryRaw<{ projectUserId: string }[]>`
    select "projectUserId" from "ProjectUser"
    where "tenancyId" = ${tenancyId}::uuid and not "isAnonymous"
    order by "signedUpAt", "projectUserId" limit ${usersMax + 1} for key share`;
  return rows.map((row) => row.projectUserId);
}

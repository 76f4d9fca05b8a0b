import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database, type Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { keepDefinitions } from '../permissions/hold-definitions.ts';
import { tell } from '../webhooks/tell.ts';
import type { UserKey } from './find-user.ts';

/** Where a user is deleted: codes belong to a project and a branch. */
type Owner = { tenancyId: string; projectId: string; branchId: string };

/** Deletes a user with all that hangs on it, and tells those without a foreign key. Throws USER_NOT_FOUND; of two at the same time one gets it. */
export async function deleteUser(owner: Owner, projectUserId: string): Promise<void> {
  const key = { tenancyId: owner.tenancyId, projectUserId };
  await database().$transaction(async (tx) => {
    await keepDefinitions(tx, owner.tenancyId);
    await lockForDeletion(tx, key);
    const memberships = await tx.teamMember.findMany({
      where: key,
      select: { teamId: true },
      orderBy: [{ createdAt: 'asc' }, { teamId: 'asc' }],
    });
    const teams = memberships.map(({ teamId }) => ({ id: teamId }));
    for (const { id } of teams) await tell(tx, owner.projectId, 'team_membership.deleted', { team_id: id, user_id: projectUserId });
    await deleteCodesOf(tx, owner, projectUserId);
    await tx.projectUser.deleteMany({ where: key });
    await tell(tx, owner.projectId, 'user.deleted', { id: projectUserId, teams });
    // Migration, legacy/README.md line 2: notifications follow this event; before, they were deleted by cascade.
    const payload: Prisma.InputJsonObject = { user_id: projectUserId };
    await tx.domainEvent.create({ data: { tenancyId: owner.tenancyId, id: randomUUID(), type: 'user.deleted', payload } });
  });
}

/** Nobody joins a team or signs in meanwhile: what refers to the user waits for this row, and then finds none. */
async function lockForDeletion(tx: Transaction, { tenancyId, projectUserId }: UserKey): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from "ProjectUser" where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = ${projectUserId}::uuid for update`;
  if (rows.length === 0) throw new KnownErrors.UserNotFound();
}

/** A code that names the user in its data would outlive it: no foreign key leads there. */
async function deleteCodesOf(tx: Transaction, { projectId, branchId }: Owner, projectUserId: string): Promise<void> {
  await tx.$executeRaw`
    delete from "VerificationCode"
    where "projectId" = ${projectId} and "branchId" = ${branchId} and "data" ->> 'user_id' = ${projectUserId}`;
}

import type { Transaction } from '../database.ts';
import { configOf, configSelect } from '../projects/config-layers.ts';
import type { Rbac } from './definitions.ts';

/**
 * The permissions there are, which nobody changes until the transaction ends: whoever grants one holds them, or else it might grant what
 * another is just renaming or deleting. Many may hold them at once; a change of definitions waits for all.
 */
export async function holdDefinitions(tx: Transaction, tenancyId: string): Promise<Rbac> {
  const [tenancy] = await tx.$queryRaw<{ projectId: string; branchId: string }[]>`
    select "projectId", "branchId" from "Tenancy" where "id" = ${tenancyId}::uuid for share`;
  if (tenancy === undefined) throw new Error('the tenancy is gone');
  const row = await tx.project.findUniqueOrThrow({
    relationLoadStrategy: 'join',
    where: { id: tenancy.projectId },
    select: configSelect(tenancy.branchId),
  });
  return configOf(row).rbac;
}

/** Waits for all who hold the definitions, and keeps others from it, until the transaction that changes them ends. */
export async function lockDefinitions(tx: Transaction, tenancyId: string): Promise<void> {
  await tx.$queryRaw`select 1 from "Tenancy" where "id" = ${tenancyId}::uuid for no key update`;
}

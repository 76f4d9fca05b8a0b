import type { Transaction } from '../database.ts';
import { configOf, configSelect } from '../projects/config-layers.ts';
import type { Rbac } from './definitions.ts';

/** The branch of a project that a tenancy is. */
type Branch = { projectId: string; branchId: string };

/**
 * The permissions there are, which nobody changes until the transaction ends: whoever grants one holds them, or else it might grant what
 * another is just renaming or deleting. Many may hold them at once; a change of definitions waits for all.
 */
export async function holdDefinitions(tx: Transaction, tenancyId: string): Promise<Rbac> {
  const branch = await keepDefinitions(tx, tenancyId);
  if (branch === undefined) throw new Error('the tenancy is gone');
  const row = await tx.project.findUniqueOrThrow({
    relationLoadStrategy: 'join',
    where: { id: branch.projectId },
    select: configSelect(branch.branchId),
  });
  return configOf(row).rbac;
}

/**
 * The same, for a transaction that deletes many who hold permissions: it must come before a change of definitions or after it. Half-way
 * through, each would wait for rows the other has (measured: one deadlock in a dozen renames beside deletions of teams of 400).
 */
export async function keepDefinitions(tx: Transaction, tenancyId: string): Promise<Branch | undefined> {
  const [branch] = await tx.$queryRaw<Branch[]>`select "projectId", "branchId" from "Tenancy" where "id" = ${tenancyId}::uuid for share`;
  return branch;
}

/** Waits for all who hold the definitions, and keeps others from it, until the transaction that changes them ends. */
export async function lockDefinitions(tx: Transaction, tenancyId: string): Promise<void> {
  await tx.$queryRaw`select 1 from "Tenancy" where "id" = ${tenancyId}::uuid for no key update`;
}

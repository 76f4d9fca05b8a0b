import { database, type Transaction } from '../database.ts';
import { Prisma } from '../generated/prisma/client.ts';
import type { BranchKey } from './change-override.ts';

/** Where a branch's settings come from: pushed from a repository or by a tool, or kept here. */
export type ConfigSource = { type: 'pushed-from-github' | 'pushed-from-unknown' | 'unlinked' };

const unlinked: ConfigSource = { type: 'unlinked' };

export async function configSource(branch: BranchKey): Promise<unknown> {
  const row = await database().branchConfigOverride.findUnique({ where: { projectId_branchId: branch }, select: { source: true } });
  return row?.source ?? unlinked;
}

/** Whoever owns the settings from now on. A branch without settings of its own has no source to forget. */
export async function setConfigSource(tx: Pick<Transaction, 'branchConfigOverride'>, branch: BranchKey, source: ConfigSource) {
  const data = { source: source.type === 'unlinked' ? Prisma.DbNull : (source as Prisma.InputJsonObject) };
  await tx.branchConfigOverride.updateMany({ where: branch, data });
}

export async function unlinkConfigSource(branch: BranchKey): Promise<void> {
  await setConfigSource(database(), branch, unlinked);
}

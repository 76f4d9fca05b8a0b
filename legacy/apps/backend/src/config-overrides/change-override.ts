import { type Config, override } from '@stackframe/stack-shared/dist/config/format';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { configLayers, configSelect } from '../projects/config-layers.ts';
import { type ConfigLayers, type ProjectConfig, projectConfig } from '../projects/project-config.ts';

/** The three layers of a project's settings, lowest first. */
export const levels = ['project', 'branch', 'environment'] as const;
export type Level = (typeof levels)[number];

/** One branch of a project. */
export type BranchKey = { projectId: string; branchId: string };

const overrideCharactersMax = 1_000_000;

/**
 * Changes the environment's settings of a branch: `decide` sees the settings in force and answers the paths to set. Nobody else changes
 * them from the reading to the commit, so that two who change at the same time lose nothing.
 */
export async function changeEnvironment(tx: Transaction, branch: BranchKey, decide: (config: ProjectConfig) => Config): Promise<void> {
  await changeOverride(tx, 'environment', branch, (layers) => override(asConfig(layers.environment), decide(projectConfig(layers))));
}

/** The same in a transaction of its own. */
export async function changeConfig(branch: BranchKey, decide: (config: ProjectConfig) => Config): Promise<void> {
  await database().$transaction((tx) => changeEnvironment(tx, branch, decide));
}

/** Replaces one layer by what `decide` makes of all three; the layer's row is locked until the commit. Throws CURRENT_PROJECT_NOT_FOUND. */
export async function changeOverride(
  tx: Transaction,
  level: Level,
  branch: BranchKey,
  decide: (layers: ConfigLayers) => Config,
): Promise<void> {
  await lockLayer(tx, level, branch);
  const row = await tx.project.findUniqueOrThrow({ where: { id: branch.projectId }, select: configSelect(branch.branchId) });
  await writeLayer(tx, level, branch, decide(configLayers(row)));
}

/** What a layer's column holds: an object, or nothing yet. */
export function asConfig(stored: unknown): Config {
  return (stored ?? {}) as Config;
}

/** The project's row first, always: who deletes the project waits, or has won. Its weak lock lets rows that refer to the project be written. */
async function lockLayer(tx: Transaction, level: Level, { projectId, branchId }: BranchKey): Promise<void> {
  const found =
    level === 'project'
      ? await tx.$queryRaw<unknown[]>`select 1 from "Project" where "id" = ${projectId} for no key update`
      : await tx.$queryRaw<unknown[]>`select 1 from "Project" where "id" = ${projectId} for key share`;
  if (found.length === 0) throw new KnownErrors.CurrentProjectNotFound(projectId);
  if (level === 'branch') {
    await tx.$executeRaw`insert into "BranchConfigOverride" ("projectId", "branchId") values (${projectId}, ${branchId}) on conflict do nothing`;
    await tx.$queryRaw`select 1 from "BranchConfigOverride" where "projectId" = ${projectId} and "branchId" = ${branchId} for update`;
  }
  if (level === 'environment') {
    await tx.$executeRaw`
      insert into "EnvironmentConfigOverride" ("projectId", "branchId") values (${projectId}, ${branchId}) on conflict do nothing`;
    await tx.$queryRaw`select 1 from "EnvironmentConfigOverride" where "projectId" = ${projectId} and "branchId" = ${branchId} for update`;
  }
}

async function writeLayer(tx: Transaction, level: Level, branch: BranchKey, changed: Config): Promise<void> {
  if (JSON.stringify(changed).length > overrideCharactersMax) throw new StatusError(400, 'The settings have become too large.');
  const data = { config: changed as Prisma.InputJsonObject };
  switch (level) {
    case 'project':
      await tx.project.update({ where: { id: branch.projectId }, data });
      return;
    case 'branch':
      await tx.branchConfigOverride.update({ where: { projectId_branchId: branch }, data });
      return;
    case 'environment':
      await tx.environmentConfigOverride.update({ where: { projectId_branchId: branch }, data });
  }
}

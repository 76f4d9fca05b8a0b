import { type Config, override } from '@stackframe/stack-shared/dist/config/format';
import type { Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { configLayers, configSelect } from '../projects/config-layers.ts';
import { type ProjectConfig, projectConfig } from '../projects/project-config.ts';

/** One branch of a project. */
export type BranchKey = { projectId: string; branchId: string };

/**
 * Changes the environment's settings of a branch: `decide` sees the settings in force and answers the paths to set. The row is locked
 * from the reading to the commit, so that two who change at the same time lose nothing.
 */
export async function changeEnvironment(tx: Transaction, branch: BranchKey, decide: (config: ProjectConfig) => Config): Promise<void> {
  await tx.$executeRaw`
    insert into "EnvironmentConfigOverride" ("projectId", "branchId") values (${branch.projectId}, ${branch.branchId}) on conflict do nothing`;
  await tx.$queryRaw`
    select 1 from "EnvironmentConfigOverride" where "projectId" = ${branch.projectId} and "branchId" = ${branch.branchId} for update`;
  const row = await tx.project.findUniqueOrThrow({ where: { id: branch.projectId }, select: configSelect(branch.branchId) });
  const layers = configLayers(row);
  const changed = override(layers.environment as Config, decide(projectConfig(layers)));
  await tx.environmentConfigOverride.update({
    where: { projectId_branchId: branch },
    data: { config: changed as Prisma.InputJsonObject },
  });
}

import { override } from '@stackframe/stack-shared/dist/config/format';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { configOf, configSelect } from './config-layers.ts';
import type { ProjectConfig } from './project-config.ts';

/** Keys may be paths (`emails.themes.<id>`); null takes a key away, also one of a lower layer. */
export type ConfigChange = Record<string, unknown>;

/**
 * Changes a branch's settings in their highest layer, the environment's. `decide` sees the settings in force, which nobody else changes
 * meanwhile, and what it throws reverts everything.
 */
export async function changeConfig(
  owner: { projectId: string; branchId: string },
  decide: (config: ProjectConfig) => ConfigChange,
): Promise<void> {
  const key = { projectId: owner.projectId, branchId: owner.branchId };
  await database().$transaction(async (tx) => {
    await tx.environmentConfigOverride.createMany({ data: [{ ...key, config: {} }], skipDuplicates: true });
    await tx.$queryRaw`
      select 1 from "EnvironmentConfigOverride" where "projectId" = ${key.projectId} and "branchId" = ${key.branchId} for update`;
    const row = await tx.project.findUniqueOrThrow({ where: { id: key.projectId }, select: configSelect(key.branchId) });
    const stored = (row.environmentConfigs[0]?.config ?? {}) as Parameters<typeof override>[0];
    const config = override(stored, decide(configOf(row)) as typeof stored);
    await tx.environmentConfigOverride.update({
      where: { projectId_branchId: key },
      data: { config: config as Prisma.InputJsonObject },
    });
  });
}

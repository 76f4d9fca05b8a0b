import { database } from '../database.ts';
import { configOf, configSelect } from './config-layers.ts';
import type { ProjectConfig } from './project-config.ts';

export type FoundTenancy = { projectId: string; branchId: string; displayName: string; config: ProjectConfig; boostExpiresAt: Date | null };

/** A project's branch by its tenancy's id, with the settings in force; null when there is none. */
export async function findTenancy(tenancyId: string): Promise<FoundTenancy | null> {
  const tenancy = await database().tenancy.findUnique({
    where: { id: tenancyId },
    select: { projectId: true, branchId: true, emailCapacityBoostExpiresAt: true },
  });
  if (tenancy === null) return null;
  const { projectId, branchId, emailCapacityBoostExpiresAt: boostExpiresAt } = tenancy;
  const project = await database().project.findUnique({
    relationLoadStrategy: 'join',
    where: { id: projectId },
    select: { displayName: true, ...configSelect(branchId) },
  });
  return project && { projectId, branchId, displayName: project.displayName, config: configOf(project), boostExpiresAt };
}

import type { Prisma } from '../generated/prisma/client.ts';
import { type ConfigLayers, type ProjectConfig, projectConfig } from './project-config.ts';

/** What to select of a project to know its settings on a branch. */
export function configSelect(branchId: string) {
  return {
    config: true,
    branchConfigs: { where: { branchId }, select: { config: true } },
    environmentConfigs: { where: { branchId }, select: { config: true } },
  } satisfies Prisma.ProjectSelect;
}

type Selected = { config: unknown; branchConfigs: { config: unknown }[]; environmentConfigs: { config: unknown }[] };

export function configLayers(row: Selected): ConfigLayers {
  return { project: row.config, branch: row.branchConfigs[0]?.config, environment: row.environmentConfigs[0]?.config };
}

/** The settings of a row selected with `configSelect`. */
export function configOf(row: Selected): ProjectConfig {
  return projectConfig(configLayers(row));
}

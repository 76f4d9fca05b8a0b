import { type BranchKey, changeEnvironment } from '../config-overrides/change-override.ts';
import { database } from '../database.ts';
import { Prisma, type Project } from '../generated/prisma/client.ts';
import { type ConfigInput, storedConfig } from './config-input.ts';
import { configOf, configSelect } from './config-layers.ts';
import type { ProjectConfig } from './project-config.ts';

/** What owners say of a project, besides its settings. */
export type ProjectFields = {
  display_name?: string | undefined;
  description?: string | null | undefined;
  is_production_mode?: boolean | undefined;
  logo_url?: string | null | undefined;
  logo_full_url?: string | null | undefined;
  logo_dark_mode_url?: string | null | undefined;
  logo_full_dark_mode_url?: string | null | undefined;
  onboarding_status?: string | undefined;
  onboarding_state?: object | null | undefined;
};

export type ProjectChange = ProjectFields & { config?: ConfigInput | undefined };

/** Changes what is given; settings go to the environment's layer of the branch. All in one commit. */
export async function updateProject(branch: BranchKey, change: ProjectChange): Promise<{ row: Project; config: ProjectConfig }> {
  const { config } = change;
  return database().$transaction(async (tx) => {
    await tx.project.updateMany({ where: { id: branch.projectId }, data: storedFields(change) });
    if (config !== undefined) await changeEnvironment(tx, branch, (inForce) => storedConfig(config, inForce));
    return findProjectWithConfig(branch, tx);
  });
}

/** The project's row, and its settings on the branch. */
export async function findProjectWithConfig(
  { projectId, branchId }: BranchKey,
  client: Pick<Prisma.TransactionClient, 'project'> = database(),
): Promise<{ row: Project; config: ProjectConfig }> {
  const { config: _everyBranch, ...layers } = configSelect(branchId);
  const row = await client.project.findUniqueOrThrow({ where: { id: projectId }, include: layers });
  return { row, config: configOf(row) };
}

/** The columns of what was given. */
export function storedFields(fields: ProjectFields) {
  const columns = {
    displayName: fields.display_name,
    description: fields.description === null ? '' : fields.description,
    isProductionMode: fields.is_production_mode,
    logoUrl: fields.logo_url,
    logoFullUrl: fields.logo_full_url,
    logoDarkModeUrl: fields.logo_dark_mode_url,
    logoFullDarkModeUrl: fields.logo_full_dark_mode_url,
    onboardingStatus: fields.onboarding_status,
    onboardingState: fields.onboarding_state === null ? Prisma.DbNull : (fields.onboarding_state as Prisma.InputJsonObject | undefined),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined)) as {
    [Name in keyof typeof columns]?: NonNullable<(typeof columns)[Name]>;
  };
}

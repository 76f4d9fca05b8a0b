import { randomUUID } from 'node:crypto';
import { type Config, override } from '@stackframe/stack-shared/dist/config/format';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { UserKey } from '../users/find-user.ts';
import { type ConfigInput, storedConfig } from './config-input.ts';
import { configSelect } from './config-layers.ts';
import { defaultRoles } from './default-roles.ts';
import { projectConfig } from './project-config.ts';
import { type ProjectFields, storedFields } from './update-project.ts';

export const mainBranch = 'main';
const { config: _projectLayer, ...layersOfMain } = configSelect(mainBranch);
/** What to read of a project besides its own columns to know its settings on the main branch. */
export const mainBranchLayers = layersOfMain;

export type NewProject = ProjectFields & {
  display_name: string;
  owner_team_id: string;
  is_development_environment?: boolean | undefined;
  config?: ConfigInput | undefined;
};

/** A new project works at once: people sign up with a password, from localhost too. */
const initialConfig: Config = {
  'auth.allowSignUp': true,
  'auth.password.allowSignIn': true,
  'domains.allowLocalhost': true,
  ...defaultRoles,
};

/** Makes a project with its main branch, owned by a team of the user's. */
export async function createProject(user: UserKey, input: NewProject) {
  await assertOwnTeam(user, input.owner_team_id);
  const inForce = projectConfig({ project: {}, branch: {}, environment: initialConfig });
  const config = override(initialConfig, storedConfig(input.config ?? {}, inForce));
  return database().project.create({
    data: {
      ...storedFields(input),
      id: randomUUID(),
      displayName: input.display_name,
      isDevelopmentEnvironment: input.is_development_environment ?? false,
      ownerTeamId: input.owner_team_id,
      tenancies: { create: { id: randomUUID(), branchId: mainBranch } },
      environmentConfigs: { create: { branchId: mainBranch, config: config as Prisma.InputJsonObject } },
    },
    include: mainBranchLayers,
  });
}

async function assertOwnTeam(user: UserKey, teamId: string): Promise<void> {
  const { tenancyId, projectUserId } = user;
  const where = { tenancyId_projectUserId_teamId: { tenancyId, projectUserId, teamId } };
  if ((await database().teamMember.findUnique({ where, select: { teamId: true } })) === null)
    throw new StatusError(400, 'Invalid owner_team_id: the user is not a member of that team');
}

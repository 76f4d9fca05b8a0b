import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { configOf, configSelect } from './config-layers.ts';
import type { ProjectConfig } from './project-config.ts';

const keyNames = ['publishableClientKey', 'secretServerKey', 'superSecretAdminKey'] as const;
export type Keys = Record<(typeof keyNames)[number], string | null>;

/** A project as one request sees it: its settings, the tenancy of the asked branch, and which of the sent keys are good (null: none sent). */
export type FoundProject = {
  id: string;
  displayName: string;
  ownerTeamId: string | null;
  config: ProjectConfig;
  tenancyId: string | null;
  publishableClientKeyValid: boolean | null;
  secretServerKeyValid: boolean | null;
  superSecretAdminKeyValid: boolean | null;
};

/** Looks up project, branch and keys in one statement. */
export async function findProject(projectId: string, branchId: string, keys: Keys): Promise<FoundProject | null> {
  const row = await database().project.findUnique({
    relationLoadStrategy: 'join',
    where: { id: projectId },
    select: {
      id: true,
      displayName: true,
      ownerTeamId: true,
      ...configSelect(branchId),
      tenancies: { where: { branchId }, select: { id: true } },
      apiKeySets: { where: liveKeySets(keys), select: { publishableClientKey: true, secretServerKey: true, superSecretAdminKey: true } },
    },
  });
  if (row === null) return null;
  const isValid = (name: keyof Keys): boolean | null =>
    keys[name] === null ? null : row.apiKeySets.some((set) => set[name] === keys[name]);
  return {
    id: row.id,
    displayName: row.displayName,
    ownerTeamId: row.ownerTeamId,
    config: configOf(row),
    tenancyId: row.tenancies[0]?.id ?? null,
    publishableClientKeyValid: isValid('publishableClientKey'),
    secretServerKeyValid: isValid('secretServerKey'),
    superSecretAdminKeyValid: isValid('superSecretAdminKey'),
  };
}

function liveKeySets(keys: Keys): Prisma.ApiKeySetWhereInput {
  const sent = keyNames.filter((name) => keys[name] !== null);
  if (sent.length === 0) return { id: { in: [] } };
  return { expiresAt: { gt: new Date() }, manuallyRevokedAt: null, OR: sent.map((name) => ({ [name]: keys[name] })) };
}

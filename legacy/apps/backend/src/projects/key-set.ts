import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { database } from '../database.ts';
import type { ApiKeySet } from '../generated/prisma/client.ts';

const listedMax = 1_000;
const lastMillis = 8.64e15;

export type NewKeySet = {
  description: string;
  expires_at_millis: number;
  has_publishable_client_key: boolean;
  has_secret_server_key: boolean;
  has_super_secret_admin_key: boolean;
};

export async function createKeySet(projectId: string, input: NewKeySet): Promise<ApiKeySet> {
  return database().apiKeySet.create({
    data: {
      projectId,
      id: randomUUID(),
      description: input.description,
      expiresAt: new Date(Math.min(input.expires_at_millis, lastMillis)),
      publishableClientKey: input.has_publishable_client_key ? `pck_${generateSecureRandomString()}` : null,
      secretServerKey: input.has_secret_server_key ? `ssk_${generateSecureRandomString()}` : null,
      superSecretAdminKey: input.has_super_secret_admin_key ? `sak_${generateSecureRandomString()}` : null,
    },
  });
}

/** Newest first, revoked and expired ones too. */
export function listKeySets(projectId: string): Promise<ApiKeySet[]> {
  return database().apiKeySet.findMany({ where: { projectId }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: listedMax });
}

/** Throws API_KEY_NOT_FOUND. */
export async function findKeySet(key: { projectId: string; id: string }): Promise<ApiKeySet> {
  const row = await database().apiKeySet.findUnique({ where: { projectId_id: key } });
  if (row === null) throw new KnownErrors.ApiKeyNotFound();
  return row;
}

/** Revoked is revoked: nothing takes it back, and the first time stays. Throws API_KEY_NOT_FOUND. */
export async function changeKeySet(
  key: { projectId: string; id: string },
  change: { description?: string | undefined; revoked?: boolean | undefined },
): Promise<ApiKeySet> {
  const { description, revoked } = change;
  if (description !== undefined) await database().apiKeySet.updateMany({ where: key, data: { description } });
  if (revoked === true)
    await database().apiKeySet.updateMany({ where: { ...key, manuallyRevokedAt: null }, data: { manuallyRevokedAt: new Date() } });
  return findKeySet(key);
}

/** The only answer that ever shows the keys. */
export function createdKeySet(row: ApiKeySet) {
  return keySetView(row, (key) => key);
}

export function shownKeySet(row: ApiKeySet) {
  return keySetView(row, (key) => ({ last_four: key.slice(-4) }));
}

function keySetView<T>(row: ApiKeySet, show: (key: string) => T) {
  return {
    id: row.id,
    description: row.description,
    created_at_millis: row.createdAt.getTime(),
    expires_at_millis: row.expiresAt.getTime(),
    ...(row.manuallyRevokedAt === null ? {} : { manually_revoked_at_millis: row.manuallyRevokedAt.getTime() }),
    ...(row.publishableClientKey === null ? {} : { publishable_client_key: show(row.publishableClientKey) }),
    ...(row.secretServerKey === null ? {} : { secret_server_key: show(row.secretServerKey) }),
    ...(row.superSecretAdminKey === null ? {} : { super_secret_admin_key: show(row.superSecretAdminKey) }),
  };
}

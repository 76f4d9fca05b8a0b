import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { createProjectApiKey } from '@stackframe/stack-shared/dist/utils/api-keys';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction } from '../database.ts';
import type { ProjectApiKey } from '../generated/prisma/client.ts';
import { holdTeam } from '../teams/hold-member.ts';
import { lockUser } from '../users/lock-user.ts';
import { assertKeyLive, claimedType, hashOfKey, type KeyType } from './api-key.ts';

/** Who a key belongs to: exactly one of the two. */
export type KeyOwner = { projectUserId: string } | { teamId: string };

const keysMax = 200;
/** The end of the year 9999: later ones come back from the database as no date. */
const millisMax = 253_402_300_799_999;
const lastFourLength = 4;

export type NewKey = { description: string; expiresAtMillis: number | null; isPublic: boolean };

/** Makes a key; only its hash is stored. An owner has at most 200. Throws USER_ID_DOES_NOT_EXIST, TEAM_NOT_FOUND. */
export async function createKey(tenancyId: string, owner: KeyOwner, key: NewKey): Promise<{ row: ProjectApiKey; value: string }> {
  const id = randomUUID();
  const type: KeyType = 'teamId' in owner ? 'team' : 'user';
  const value = createProjectApiKey({ id, type, isPublic: key.isPublic, isCloudVersion: false });
  const row = await database().$transaction(async (tx) => {
    await lockOwner(tx, tenancyId, owner);
    const existing = await tx.projectApiKey.findMany({ where: { tenancyId, ...owner }, select: { id: true }, take: keysMax });
    if (existing.length >= keysMax) throw new StatusError(400, `There are already ${keysMax} API keys.`);
    return tx.projectApiKey.create({
      data: {
        tenancyId,
        id,
        ...owner,
        secretApiKey: hashOfKey(value),
        lastFour: value.slice(-lastFourLength),
        description: key.description,
        isPublic: key.isPublic,
        expiresAt: key.expiresAtMillis === null ? null : new Date(Math.min(Math.max(key.expiresAtMillis, 0), millisMax)),
      },
    });
  });
  return { row, value };
}

/** Held against deletion until the key is there, which goes with its owner. */
async function lockOwner(tx: Transaction, tenancyId: string, owner: KeyOwner): Promise<void> {
  if ('teamId' in owner) return holdTeam(tx, tenancyId, owner.teamId);
  try {
    await lockUser(tx, { tenancyId, projectUserId: owner.projectUserId });
  } catch (error) {
    throw KnownErrors.UserNotFound.isInstance(error) ? new KnownErrors.UserIdDoesNotExist(owner.projectUserId) : error;
  }
}

/** The keys of an owner, newest first; without one those of every owner of a type. */
export function listKeys(tenancyId: string, type: KeyType, owner: KeyOwner | null): Promise<ProjectApiKey[]> {
  const ofType = type === 'user' ? { projectUserId: { not: null } } : { teamId: { not: null } };
  return database().projectApiKey.findMany({
    where: { tenancyId, ...(owner ?? ofType) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: 1_000,
  });
}

/** Throws API_KEY_NOT_FOUND; a key of the other type counts as none. */
export async function findKey(tenancyId: string, type: KeyType, id: string): Promise<ProjectApiKey> {
  const row = await database().projectApiKey.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
  if (row === null || (type === 'user' ? row.projectUserId : row.teamId) === null) throw new KnownErrors.ApiKeyNotFound();
  return row;
}

/** Changes a key. Revoking is for good: a second time changes nothing. */
export async function changeKey(
  row: ProjectApiKey,
  change: { description?: string | undefined; revoked?: boolean | undefined },
): Promise<ProjectApiKey> {
  const key = { tenancyId: row.tenancyId, id: row.id };
  if (change.revoked === true)
    await database().projectApiKey.updateMany({ where: { ...key, manuallyRevokedAt: null }, data: { manuallyRevokedAt: new Date() } });
  const data = change.description === undefined ? {} : { description: change.description };
  return database().projectApiKey.update({ where: { tenancyId_id: key }, data });
}

/** The key somebody showed. Throws WRONG_API_KEY_TYPE, API_KEY_NOT_FOUND, API_KEY_REVOKED, API_KEY_EXPIRED. */
export async function checkKey(tenancyId: string, type: KeyType, value: string): Promise<ProjectApiKey> {
  const claimed = claimedType(value);
  const row = claimed === null ? null : await database().projectApiKey.findUnique({ where: { secretApiKey: hashOfKey(value) } });
  if (claimed === null || row === null || row.tenancyId !== tenancyId) throw new KnownErrors.ApiKeyNotFound();
  if (claimed !== type) throw new KnownErrors.WrongApiKeyType(type, claimed);
  assertKeyLive(row, new Date());
  return row;
}

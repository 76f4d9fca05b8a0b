import { createHash } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { isApiKey, parseProjectApiKey } from '@stackframe/stack-shared/dist/utils/api-keys';
import type { ProjectApiKey } from '../generated/prisma/client.ts';

/** Whose programs a key is for. */
export type KeyType = 'user' | 'team';

/** The key as it is shown after it was made: only its end. */
export function apiKeyView(row: ProjectApiKey) {
  return { ...keyFields(row), value: { last_four: row.lastFour } };
}

/** The answer to its making, the only one that shows the key. */
export function createdApiKeyView(row: ProjectApiKey, value: string) {
  return { ...keyFields(row), value };
}

function keyFields(row: ProjectApiKey) {
  return {
    id: row.id,
    description: row.description,
    ...(row.expiresAt === null ? {} : { expires_at_millis: row.expiresAt.getTime() }),
    ...(row.manuallyRevokedAt === null ? {} : { manually_revoked_at_millis: row.manuallyRevokedAt.getTime() }),
    created_at_millis: row.createdAt.getTime(),
    is_public: row.isPublic,
    ...(row.projectUserId === null ? { type: 'team', team_id: row.teamId } : { type: 'user', user_id: row.projectUserId }),
  };
}

/** What is stored of a key. */
export function hashOfKey(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** The kind a key's text claims, checksum verified; null when it is no key. */
export function claimedType(value: string): KeyType | null {
  if (!isApiKey(value)) return null;
  try {
    return parseProjectApiKey(value).type;
  } catch {
    return null;
  }
}

/** Throws API_KEY_REVOKED or API_KEY_EXPIRED. */
export function assertKeyLive(row: Pick<ProjectApiKey, 'expiresAt' | 'manuallyRevokedAt'>, now: Date): void {
  if (row.manuallyRevokedAt !== null) throw new KnownErrors.ApiKeyRevoked();
  if (row.expiresAt !== null && row.expiresAt <= now) throw new KnownErrors.ApiKeyExpired();
}

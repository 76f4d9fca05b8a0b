import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { signAccessToken } from '../auth/access-token.ts';
import { config } from '../config.ts';
import { database, type Transaction } from '../database.ts';
import { configOf, configSelect } from '../projects/config-layers.ts';
import type { UserKey } from '../users/find-user.ts';
import { type UserRow, userInclude, userRestriction } from '../users/user.ts';
import { type EndUserIp, noteUse } from './note-use.ts';

const yearMillis = 365 * 24 * 60 * 60 * 1000;

export type Issuer = { projectId: string; branchId: string; config: Parameters<typeof userRestriction>[1] };

/** A new session row; its refresh token is 224 random bits, never rotated. */
export async function createSession(
  tx: Transaction,
  key: UserKey,
  options: { expiresInMillis?: number; isImpersonation?: boolean } = {},
): Promise<{ id: string; refreshToken: string }> {
  const session = { id: randomUUID(), refreshToken: generateSecureRandomString() };
  const expiresAt = new Date(Date.now() + (options.expiresInMillis ?? yearMillis));
  await tx.projectUserRefreshToken.create({ data: { ...key, ...session, expiresAt, isImpersonation: options.isImpersonation ?? false } });
  return session;
}

export function mintAccessToken(row: UserRow, refreshTokenId: string, issuer: Issuer): Promise<string> {
  const email = row.contactChannels[0];
  return signAccessToken(
    {
      projectId: issuer.projectId,
      branchId: issuer.branchId,
      userId: row.projectUserId,
      refreshTokenId,
      name: row.displayName || null,
      email: email?.value ?? null,
      emailVerified: email?.isVerified ?? false,
      selectedTeamId: row.teamMembers[0]?.teamId ?? null,
      signedUpAt: row.signedUpAt,
      isAnonymous: row.isAnonymous,
      restrictedReason: userRestriction(row, issuer.config),
      requiresTotpMfa: row.requiresTotpMfa,
    },
    config(),
  );
}

/**
 * A new access token for a session's refresh token, and who it belongs to: two statements, whatever the session. Throws
 * REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED, also when the session is revoked meanwhile.
 */
export async function refreshSession(
  refreshToken: string,
  projectId: string,
  branchId: string,
  from: EndUserIp | null = null,
): Promise<{ accessToken: string; userId: string }> {
  const tenancySelect = { projectId: true, branchId: true, project: { select: configSelect(branchId) } };
  const session = await database().projectUserRefreshToken.findUnique({
    relationLoadStrategy: 'join',
    where: { refreshToken },
    include: { user: { include: { ...userInclude, tenancy: { select: tenancySelect } } } },
  });
  if (session === null || !isLive(session)) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
  const { tenancy, ...row } = session.user;
  if (tenancy.projectId !== projectId || tenancy.branchId !== branchId) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
  const data = { projectId, branchId, userId: row.projectUserId, refreshTokenId: session.id, isAnonymous: row.isAnonymous };
  const use = { tenancyId: session.tenancyId, sessionId: session.id, userId: row.projectUserId, data, from };
  if (!(await noteUse(use))) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
  const issuer = { projectId, branchId, config: configOf(tenancy.project) };
  return { accessToken: await mintAccessToken(row, session.id, issuer), userId: row.projectUserId };
}

/** Whether a session has not run out. */
export function isLive(session: { expiresAt: Date | null }): boolean {
  return session.expiresAt === null || session.expiresAt > new Date();
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { database } from '../database.ts';
import { isLive, refreshSession } from './session.ts';

/** Writes a login that waits. A tool that is signed in anonymously may bring its session, for the browser to go on with. */
export async function beginCliLogin(auth: Auth, login: { expiresInMillis: number; anonRefreshToken: string | undefined }) {
  const { anonRefreshToken = null } = login;
  if (anonRefreshToken !== null && !(await isAnonymousSession(auth, anonRefreshToken)))
    throw new StatusError(400, 'The refresh token is not of an anonymous user of this project.');
  return database().cliAuthAttempt.create({
    data: {
      tenancyId: auth.tenancyId,
      pollingCode: generateSecureRandomString(),
      loginCode: generateSecureRandomString(),
      anonRefreshToken,
      expiresAt: new Date(Date.now() + login.expiresInMillis),
    },
  });
}

export type CliLoginState = { status: 'waiting' | 'expired' | 'used' } | { status: 'success'; refreshToken: string };

/** Hands out the session of a completed login, once: of two polls at the same time one is told that it was used. Throws INVALID_POLLING_CODE. */
export async function pollCliLogin(auth: Auth, pollingCode: string): Promise<CliLoginState> {
  const row = await database().cliAuthAttempt.findUnique({ where: { pollingCode } });
  if (row === null || row.tenancyId !== auth.tenancyId) throw new KnownErrors.InvalidPollingCodeError();
  if (row.usedAt !== null) return { status: 'used' };
  if (row.expiresAt <= new Date()) return { status: 'expired' };
  if (row.refreshToken === null) return { status: 'waiting' };
  const { count } = await database().cliAuthAttempt.updateMany({
    where: { tenancyId: row.tenancyId, id: row.id, usedAt: null },
    // Handed out and not kept: the row is of no use to who reads it later.
    data: { usedAt: new Date(), refreshToken: null, anonRefreshToken: null },
  });
  return count === 0 ? { status: 'used' } : { status: 'success', refreshToken: row.refreshToken };
}

/** Whether the tool brought a session of a user that still is anonymous. */
export async function cliSessionState(auth: Auth, loginCode: string): Promise<'anonymous' | 'none'> {
  const { anonRefreshToken } = await openLogin(auth, loginCode);
  return anonRefreshToken !== null && (await isAnonymousSession(auth, anonRefreshToken)) ? 'anonymous' : 'none';
}

/** The tool's anonymous session, for the browser: signing up there makes that user a real one. */
export async function claimAnonymousSession(auth: Auth, loginCode: string): Promise<{ accessToken: string; refreshToken: string }> {
  const { anonRefreshToken } = await openLogin(auth, loginCode);
  if (anonRefreshToken === null || !(await isAnonymousSession(auth, anonRefreshToken)))
    throw new StatusError(400, 'This login has no anonymous session.');
  const { accessToken } = await refreshSession(anonRefreshToken, auth.project.id, auth.branchId);
  return { accessToken, refreshToken: anonRefreshToken };
}

/** Gives the tool the browser's session. A login is completed once. Throws REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED. */
export async function completeCliLogin(auth: Auth, loginCode: string, refreshToken: string): Promise<void> {
  const login = await openLogin(auth, loginCode);
  const session = await database().projectUserRefreshToken.findUnique({ where: { refreshToken } });
  if (session === null || session.tenancyId !== auth.tenancyId || !isLive(session)) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
  const { count } = await database().cliAuthAttempt.updateMany({
    where: { tenancyId: login.tenancyId, id: login.id, refreshToken: null, usedAt: null },
    data: { refreshToken },
  });
  if (count === 0) throw invalidLoginCode();
}

async function openLogin(auth: Auth, loginCode: string) {
  const row = await database().cliAuthAttempt.findUnique({ where: { loginCode } });
  const isOpen = row !== null && row.tenancyId === auth.tenancyId && row.usedAt === null && row.refreshToken === null;
  if (!isOpen || row.expiresAt <= new Date()) throw invalidLoginCode();
  return row;
}

async function isAnonymousSession(auth: Auth, refreshToken: string): Promise<boolean> {
  const session = await database().projectUserRefreshToken.findUnique({
    relationLoadStrategy: 'join',
    where: { refreshToken },
    select: { tenancyId: true, expiresAt: true, user: { select: { isAnonymous: true } } },
  });
  return session !== null && session.tenancyId === auth.tenancyId && session.user.isAnonymous && isLive(session);
}

function invalidLoginCode(): StatusError {
  return new StatusError(400, 'Invalid login code or the code has expired');
}

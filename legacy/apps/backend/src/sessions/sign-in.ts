import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { database } from '../database.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { findUser } from '../users/find-user.ts';
import { isPasswordRight } from '../users/password.ts';
import { createSession, mintAccessToken, type Tokens } from './session.ts';

/** Throws EMAIL_PASSWORD_MISMATCH, as slowly for an unknown user as for a wrong password. */
export async function signInWithPassword(auth: Auth, email: string, password: string): Promise<Tokens & { userId: string }> {
  const { config } = auth.project;
  if (!config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
  const candidate = await findByEmail(auth.tenancyId, email);
  const isRight = await isPasswordRight(password, candidate?.passwordHash ?? null);
  if (candidate === null || !isRight) throw new KnownErrors.EmailPasswordMismatch();
  const key = { tenancyId: auth.tenancyId, projectUserId: candidate.projectUserId };
  const session = await createSession(database(), key);
  const row = await findUser(key);
  if (row === null) throw new KnownErrors.EmailPasswordMismatch();
  const accessToken = await mintAccessToken(row, session.id, { projectId: auth.project.id, branchId: auth.branchId, config });
  return { accessToken, refreshToken: session.refreshToken, userId: row.projectUserId };
}

/** As it was typed, then normalised: some addresses were stored before they were. */
async function findByEmail(tenancyId: string, email: string): Promise<{ projectUserId: string; passwordHash: string | null } | null> {
  const channels = await database().contactChannel.findMany({
    relationLoadStrategy: 'join',
    where: { tenancyId, type: 'EMAIL', value: { in: [email, normalizeEmail(email)] }, usedForAuth: 'TRUE' },
    select: { value: true, projectUserId: true, user: { select: { passwords: { select: { passwordHash: true } } } } },
  });
  const channel = channels.find((candidate) => candidate.value === email) ?? channels[0];
  if (channel === undefined) return null;
  return { projectUserId: channel.projectUserId, passwordHash: channel.user.passwords[0]?.passwordHash ?? null };
}

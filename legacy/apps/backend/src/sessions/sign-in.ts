import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { database } from '../database.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { isPasswordRight } from '../users/password.ts';
import { type SignedIn, sessionOwner, signedIn, signIn } from './sign-in-session.ts';

/** Throws EMAIL_PASSWORD_MISMATCH, as slowly for an unknown user as for a wrong password, and MULTI_FACTOR_AUTHENTICATION_REQUIRED. */
export async function signInWithPassword(auth: Auth, email: string, password: string): Promise<SignedIn> {
  const { config } = auth.project;
  if (!config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
  const candidate = await findByEmail(auth.tenancyId, email);
  const isRight = await isPasswordRight(password, candidate?.passwordHash ?? null);
  if (candidate === null || !isRight) throw new KnownErrors.EmailPasswordMismatch();
  const owner = sessionOwner(auth);
  return signedIn(await signIn(database(), owner, candidate.projectUserId), owner);
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

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { database, type Transaction } from '../database.ts';
import { findSignInEmail } from '../users/find-sign-in-email.ts';
import type { UserKey } from '../users/find-user.ts';
import { lockUser } from '../users/lock-user.ts';
import { isPasswordRight } from '../users/password.ts';
import { type SignedIn, sessionOwner, signedIn, signIn } from './sign-in-session.ts';

/** Throws EMAIL_PASSWORD_MISMATCH, as slowly for an unknown user as for a wrong password, and MULTI_FACTOR_AUTHENTICATION_REQUIRED. */
export async function signInWithPassword(auth: Auth, email: string, password: string): Promise<SignedIn> {
  if (!auth.project.config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
  const candidate = await findSignInEmail(auth.tenancyId, email);
  const isRight = await isPasswordRight(password, candidate?.passwordHash ?? null);
  if (candidate === null || !isRight) throw new KnownErrors.EmailPasswordMismatch();
  const owner = sessionOwner(auth);
  const outcome = await database().$transaction(async (tx) => {
    await assertStillThePassword(tx, { tenancyId: auth.tenancyId, projectUserId: candidate.projectUserId }, candidate.passwordHash);
    return signIn(tx, owner, candidate.projectUserId);
  });
  return signedIn(outcome, owner);
}

/** Checking takes a while, and a password changed meanwhile has ended every session: no new one may begin with the old password. */
async function assertStillThePassword(tx: Transaction, key: UserKey, passwordHash: string | null): Promise<void> {
  await lockUser(tx, key);
  const current = await tx.passwordAuthMethod.findUnique({ where: { tenancyId_projectUserId: key }, select: { passwordHash: true } });
  if (current === null || current.passwordHash !== passwordHash) throw new KnownErrors.EmailPasswordMismatch();
}

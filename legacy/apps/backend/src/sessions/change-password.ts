import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { keyOf } from '../auth/own-user.ts';
import { database } from '../database.ts';
import { createPassword } from '../users/create-user.ts';
import { lockUser } from '../users/lock-user.ts';
import { assertPasswordAllowed, hashPassword, isPasswordRight } from '../users/password.ts';
import { assertPasswordsOn } from './reset-password.ts';

/** A first password. Of two at the same time one is set; the other is told that there is one. Sessions stay: nobody else had the account. */
export async function setPassword(auth: Auth, password: string): Promise<void> {
  assertPasswordsOn(auth);
  const key = keyOf(auth);
  assertPasswordAllowed(password);
  const passwordHash = await hashPassword(password);
  await database().$transaction(async (tx) => {
    await lockUser(tx, key);
    if ((await tx.passwordAuthMethod.findUnique({ where: { tenancyId_projectUserId: key } })) !== null)
      throw new StatusError(400, 'User already has a password set.');
    await createPassword(tx, key, passwordHash);
  });
}

/**
 * Another password, for who knows the one there is. Ends every session but the one of the refresh token. A change in between makes the old
 * password wrong, whichever it was. Throws USER_DOES_NOT_HAVE_PASSWORD, PASSWORD_CONFIRMATION_MISMATCH.
 */
export async function updatePassword(
  auth: Auth,
  change: { before: string; after: string },
  keptRefreshToken: string | null,
): Promise<void> {
  assertPasswordsOn(auth);
  const key = keyOf(auth);
  assertPasswordAllowed(change.after);
  const current = await database().passwordAuthMethod.findUnique({ where: { tenancyId_projectUserId: key } });
  if (current === null) throw new KnownErrors.UserDoesNotHavePassword();
  if (!(await isPasswordRight(change.before, current.passwordHash))) throw new KnownErrors.PasswordConfirmationMismatch();
  const passwordHash = await hashPassword(change.after);
  await database().$transaction(async (tx) => {
    await lockUser(tx, key);
    const { count } = await tx.passwordAuthMethod.updateMany({
      where: { ...key, passwordHash: current.passwordHash },
      data: { passwordHash },
    });
    if (count === 0) throw new KnownErrors.PasswordConfirmationMismatch();
    const kept = keptRefreshToken === null ? {} : { NOT: { refreshToken: keptRefreshToken } };
    await tx.projectUserRefreshToken.deleteMany({ where: { ...key, ...kept } });
  });
}

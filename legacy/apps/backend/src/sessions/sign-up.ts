import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { requestVerificationMail } from '../contact-channels/request-verification-mail.ts';
import { database } from '../database.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { asEmailTakenError } from '../users/create-user.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { assertPasswordAllowed, hashPassword } from '../users/password.ts';
import { signUpUser } from '../users/upgrade-user.ts';
import { type SignedIn, sessionOwner, signedIn, signIn } from './sign-in-session.ts';

export type SignUp = { email: string; password: string; verificationCallbackUrl: string | undefined };

/**
 * Makes a user with a password and signs it in; an anonymous caller becomes that user. Asks for the verification mail when a callback is
 * given. All in one commit.
 */
export async function signUpWithPassword(auth: Auth, signUp: SignUp): Promise<SignedIn> {
  const { config } = auth.project;
  if (!config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
  if (signUp.verificationCallbackUrl !== undefined) assertRedirectUrlAllowed(signUp.verificationCallbackUrl, config.domains);
  if (!config.auth.allowSignUp) throw new KnownErrors.SignUpNotEnabled();
  assertPasswordAllowed(signUp.password);
  const email = normalizeEmail(signUp.email);
  await assertEmailFree(auth.tenancyId, email);
  const passwordHash = await hashPassword(signUp.password);
  const owner = sessionOwner(auth);
  try {
    const outcome = await database().$transaction(async (tx) => {
      const user = { email: { value: email, isVerified: false, usedForAuth: true }, passwordHash };
      const userId = await signUpUser(tx, owner, auth.user, user);
      if (signUp.verificationCallbackUrl !== undefined)
        await requestVerificationMail(tx, auth, { userId, email, callbackUrl: signUp.verificationCallbackUrl });
      return signIn(tx, owner, userId, { isNewUser: true });
    });
    return await signedIn(outcome, owner);
  } catch (error) {
    throw asEmailTakenError(error, email);
  }
}

// Spares the hash for the common case; the unique index is what decides.
async function assertEmailFree(tenancyId: string, email: string): Promise<void> {
  const taken = await database().contactChannel.findFirst({
    where: { tenancyId, type: 'EMAIL', value: email, usedForAuth: 'TRUE' },
    select: { id: true },
  });
  if (taken !== null) throw new KnownErrors.UserWithEmailAlreadyExists(email);
}

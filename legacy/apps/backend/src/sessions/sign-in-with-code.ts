import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { linkWithCode } from '../codes/link-with-code.ts';
import { checkCode, createCode, otpLength, spendCode } from '../codes/verification-code.ts';
import { database, type Transaction } from '../database.ts';
import { renderFlowMail } from '../emails/render-mail.ts';
import { requestMail } from '../emails/request-mail.ts';
import type { VerificationCode } from '../generated/prisma/client.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { asEmailTakenError, createOtp } from '../users/create-user.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { findSignInEmail, type SignInEmail } from '../users/find-sign-in-email.ts';
import type { UserKey } from '../users/find-user.ts';
import { lockUser } from '../users/lock-user.ts';
import { signUpUser } from '../users/upgrade-user.ts';
import { type SignedIn, type SignIn, sessionOwner, signedIn, signIn } from './sign-in-session.ts';

export function assertOtpOn(auth: Auth): void {
  if (!auth.project.config.auth.otp.allowSignIn) throw new StatusError(403, 'OTP sign-in is not enabled for this project');
}

/** Mails the link and the six characters. Answers the nonce: the rest of the code, which the client keeps. */
export async function sendSignInCode(auth: Auth, typedEmail: string, callbackUrl: string): Promise<string> {
  assertOtpOn(auth);
  assertRedirectUrlAllowed(callbackUrl, auth.project.config.domains);
  const channel = await findSignInEmail(auth.tenancyId, typedEmail);
  assertMayComeIn(auth, channel);
  const email = channel?.value ?? normalizeEmail(typedEmail);
  const owner = branchOf(auth);
  const code = await database().$transaction(async (tx) => {
    const made = await createCode(tx, owner, { type: 'ONE_TIME_PASSWORD', redirectUrl: callbackUrl, method: { email } });
    const otp = made.code.slice(0, otpLength).toUpperCase();
    const mail = renderFlowMail(auth.project, 'magic_link', { otp, magicLink: linkWithCode(callbackUrl, made.code) });
    const to = { userId: channel?.projectUserId ?? null, email };
    await requestMail(tx, { tenancyId: auth.tenancyId, kind: 'magic-link', to, mail });
    return made.code;
  });
  return code.slice(otpLength);
}

/**
 * Signs in whoever reads the mails of the code's address, or signs it up. Throws the errors of codes, SIGN_UP_NOT_ENABLED,
 * USER_EMAIL_ALREADY_EXISTS (somebody has the address who never showed it to be theirs), MULTI_FACTOR_AUTHENTICATION_REQUIRED.
 */
export async function signInWithCode(auth: Auth, typed: string): Promise<SignedIn> {
  assertOtpOn(auth);
  const code = await checkCode(branchOf(auth), 'ONE_TIME_PASSWORD', typed);
  const { email } = code.method as { email: string };
  return signedIn(await comeIn(auth, code, email), sessionOwner(auth));
}

/** Somebody else may sign up with the address at the same moment. The index tells, nothing is spent, and at the second look they are there. */
async function comeIn(auth: Auth, code: VerificationCode, email: string): Promise<SignIn> {
  const attempt = () => database().$transaction((tx) => spendAndSignIn(tx, auth, code, email));
  try {
    return await attempt();
  } catch (error) {
    if (!KnownErrors.UserWithEmailAlreadyExists.isInstance(asEmailTakenError(error, email))) throw error;
    return attempt().catch((second: unknown) => {
      throw asEmailTakenError(second, email);
    });
  }
}

async function spendAndSignIn(tx: Transaction, auth: Auth, code: VerificationCode, email: string): Promise<SignIn> {
  await spendCode(tx, code);
  const owner = sessionOwner(auth);
  const channel = await findSignInEmail(auth.tenancyId, email, tx);
  assertMayComeIn(auth, channel);
  if (channel === null) {
    const user = { email: { value: email, isVerified: true, usedForAuth: true }, otpAuthEnabled: true };
    return signIn(tx, owner, await signUpUser(tx, owner, auth.user, user), { isNewUser: true });
  }
  await turnOtpOn(tx, { tenancyId: auth.tenancyId, projectUserId: channel.projectUserId });
  return signIn(tx, owner, channel.projectUserId);
}

function assertMayComeIn(auth: Auth, channel: SignInEmail | null): void {
  if (channel === null && !auth.project.config.auth.allowSignUp) throw new KnownErrors.SignUpNotEnabled();
  if (channel !== null && !channel.isVerified) throw new KnownErrors.UserWithEmailAlreadyExists(channel.value, true);
}

async function turnOtpOn(tx: Transaction, key: UserKey): Promise<void> {
  await lockUser(tx, key);
  if ((await tx.otpAuthMethod.findUnique({ where: { tenancyId_projectUserId: key } })) === null) await createOtp(tx, key);
}

import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { linkWithCode } from '../codes/link-with-code.ts';
import { checkCode, createCode, spendCode } from '../codes/verification-code.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { renderFlowMail } from '../emails/render-mail.ts';
import { requestMail } from '../emails/request-mail.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { findSignInEmail } from '../users/find-sign-in-email.ts';
import { lockUser } from '../users/lock-user.ts';
import { assertPasswordAllowed, hashPassword } from '../users/password.ts';
import { replacePassword } from '../users/replace-password.ts';

export function assertPasswordsOn(auth: Auth): void {
  if (!auth.project.config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
}

/** Asks for the mail with the code. Nobody with that address: nothing but a wait, so that the answer comes at no telling moment. */
export async function requestPasswordReset(auth: Auth, typedEmail: string, callbackUrl: string): Promise<void> {
  assertPasswordsOn(auth);
  assertRedirectUrlAllowed(callbackUrl, auth.project.config.domains);
  const channel = await findSignInEmail(auth.tenancyId, typedEmail);
  if (channel === null) return waitAsForMail();
  const owner = branchOf(auth);
  const { value: email, projectUserId: userId } = channel;
  await database().$transaction(async (tx) => {
    const { code } = await createCode(tx, owner, {
      type: 'PASSWORD_RESET',
      redirectUrl: callbackUrl,
      method: { email },
      data: { user_id: userId },
    });
    const mail = renderFlowMail(auth.project, 'password_reset', { passwordResetLink: linkWithCode(callbackUrl, code) });
    await requestMail(tx, { tenancyId: auth.tenancyId, kind: 'password-reset', to: { userId, email }, mail });
  });
}

/** Sets the password of the code's user, who may have had none, and ends every session. Of two resets with one code one happens. */
export async function resetPassword(auth: Auth, code: string, password: string): Promise<void> {
  assertPasswordsOn(auth);
  const row = await checkCode(branchOf(auth), 'PASSWORD_RESET', code);
  assertPasswordAllowed(password);
  const { user_id: projectUserId } = row.data as { user_id: string };
  const passwordHash = await hashPassword(password);
  await database().$transaction(async (tx) => {
    await spendCode(tx, row);
    const key = { tenancyId: auth.tenancyId, projectUserId };
    await lockUser(tx, key);
    await replacePassword(tx, key, passwordHash);
  });
}

/** Between the configured time and half as much again. */
async function waitAsForMail(): Promise<void> {
  const { unknownEmailDelayMillis: least } = config();
  await delay(least + randomInt(Math.ceil(least / 2) + 1));
}

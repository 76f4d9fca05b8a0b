import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { checkCode, spendCode } from '../codes/verification-code.ts';
import { database } from '../database.ts';
import type { ContactChannel } from '../generated/prisma/client.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { lockUser } from '../users/lock-user.ts';
import { tellUserUpdated } from '../users/tell-user.ts';
import { requestVerificationMail } from './request-verification-mail.ts';

/** Sends a code to a channel's address. Throws REDIRECT_URL_NOT_WHITELISTED, EMAIL_ALREADY_VERIFIED. */
export async function sendVerificationCode(
  auth: Auth,
  channel: Pick<ContactChannel, 'projectUserId' | 'value' | 'isVerified'>,
  callbackUrl: string,
): Promise<void> {
  assertRedirectUrlAllowed(callbackUrl, auth.project.config.domains);
  if (channel.isVerified) throw new KnownErrors.EmailAlreadyVerified();
  const mail = { userId: channel.projectUserId, email: channel.value, callbackUrl };
  await database().$transaction((tx) => requestVerificationMail(tx, auth, mail));
}

/** Throws what `checkCode` throws. */
export function checkVerificationCode(auth: Auth, code: string) {
  return checkCode(branchOf(auth), 'CONTACT_CHANNEL_VERIFICATION', code);
}

/**
 * Uses a code once; of two at the same time one is told that it was used. A code for an address the user no longer has counts as none.
 * Throws VERIFICATION_CODE_ALREADY_USED, _NOT_FOUND and what `checkCode` throws.
 */
export async function verifyContactChannel(auth: Auth, code: string): Promise<void> {
  const row = await checkVerificationCode(auth, code);
  const { email } = row.method as { email: string };
  const { user_id: projectUserId } = row.data as { user_id: string };
  const user = { tenancyId: auth.tenancyId, projectUserId };
  await database().$transaction(async (tx) => {
    await lockUser(tx, user).catch((error: unknown) => {
      throw KnownErrors.UserNotFound.isInstance(error) ? new KnownErrors.VerificationCodeNotFound() : error;
    });
    await spendCode(tx, row);
    const { count } = await tx.contactChannel.updateMany({ where: { ...user, type: 'EMAIL', value: email }, data: { isVerified: true } });
    if (count === 0) throw new KnownErrors.VerificationCodeNotFound();
    await tellUserUpdated(tx, { projectId: auth.project.id, config: auth.project.config }, user);
  });
}

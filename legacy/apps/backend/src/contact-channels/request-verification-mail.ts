import { linkWithCode } from '../codes/link-with-code.ts';
import { createCode } from '../codes/verification-code.ts';
import type { Transaction } from '../database.ts';
import { renderFlowMail } from '../emails/render-mail.ts';
import { requestMail } from '../emails/request-mail.ts';

/** Whose mail it is: the project that the mail speaks for. */
type Sender = { tenancyId: string; branchId: string; project: Parameters<typeof renderFlowMail>[0] & { id: string } };

/** Writes a code that shows who reads an address, and asks for the mail that brings it. */
export async function requestVerificationMail(
  tx: Transaction,
  sender: Sender,
  mail: { userId: string; email: string; callbackUrl: string },
): Promise<void> {
  const { code } = await createCode(
    tx,
    { projectId: sender.project.id, branchId: sender.branchId },
    {
      type: 'CONTACT_CHANNEL_VERIFICATION',
      redirectUrl: mail.callbackUrl,
      method: { email: mail.email },
      data: { user_id: mail.userId },
    },
  );
  await requestMail(tx, {
    tenancyId: sender.tenancyId,
    kind: 'contact-channel-verification',
    to: { userId: mail.userId, email: mail.email },
    mail: renderFlowMail(sender.project, 'email_verification', { emailVerificationLink: linkWithCode(mail.callbackUrl, code) }),
  });
}

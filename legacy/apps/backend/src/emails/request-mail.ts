import { randomUUID } from 'node:crypto';
import type { Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { transactional } from './categories.ts';
import type { RenderedMail } from './render-mail.ts';

/** Who a mail of a flow goes to: an address of a user, or of somebody who is none (yet). */
export type MailTarget = { userId: string | null; email: string };

/** Migration, legacy/README.md line 1: a request row, not an outbox row; whoever owns notifications makes the mail of it, with this row's id. */
export async function requestMail(
  tx: Transaction,
  request: { tenancyId: string; kind: string; to: MailTarget; mail: RenderedMail },
): Promise<void> {
  const { userId, email } = request.to;
  const recipient: Prisma.InputJsonObject =
    userId === null ? { type: 'custom-emails', emails: [email] } : { type: 'user-custom-emails', user_id: userId, emails: [email] };
  await tx.mailRequest.create({
    data: {
      tenancyId: request.tenancyId,
      id: randomUUID(),
      kind: request.kind,
      payload: { recipient, ...request.mail, isTransactional: true, isHighPriority: true, notificationCategoryId: transactional.id },
    },
  });
}

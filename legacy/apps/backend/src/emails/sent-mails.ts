import { database } from '../database.ts';
import type { Recipient } from './recipient.ts';

const mailsMax = 200;

type SentMail = { id: string; subject: string; sent_at_millis: number; to: string[]; error: unknown };
type Row = {
  id: string;
  subject: string | null;
  finishedSendingAt: Date;
  recipient: Recipient;
  primaryEmail: string | null;
  sendErrors: unknown;
};

/** The mails that left last, or failed for good, with where they went: the primary address is the one of today. */
export async function listSentMails(tenancyId: string): Promise<SentMail[]> {
  const rows = await database().$queryRaw<Row[]>`
    select mail."id", mail."subject", mail."finishedSendingAt", mail."recipient", mail."sendErrors", channel."value" as "primaryEmail"
    from "EmailOutbox" mail
    left join "ContactChannel" channel on channel."tenancyId" = mail."tenancyId"
      and channel."projectUserId"::text = mail."recipient" ->> 'user_id' and channel."type" = 'EMAIL' and channel."isPrimary" = 'TRUE'
    where mail."tenancyId" = ${tenancyId}::uuid and mail."outcome" in ('sent', 'server-error', 'unknown') and mail."finishedSendingAt" is not null
    order by mail."createdAt" desc, mail."id" desc limit ${mailsMax}`;
  return rows.map((row) => ({
    id: row.id,
    subject: row.subject ?? '',
    sent_at_millis: row.finishedSendingAt.getTime(),
    to: addressesOf(row),
    error: (row.sendErrors as unknown[] | null)?.at(-1) ?? null,
  }));
}

function addressesOf({ recipient, primaryEmail }: Row): string[] {
  if (recipient.type !== 'user-primary-email') return recipient.emails;
  return primaryEmail === null ? [] : [primaryEmail];
}

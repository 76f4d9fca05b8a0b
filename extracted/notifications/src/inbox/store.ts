import { type Database, type Transaction, writeSlice } from '../database/store.ts';
import type { Mail } from '../mail/mail.ts';
import { rowOf } from '../mail/store.ts';
import type { MailRequest } from './inbox.ts';

export type DomainEvent = { tenancyId: string; id: string; payload: unknown };

export type InboxStore = {
  /** Requests nothing was done about yet, oldest first: by anti-join, because an older transaction may arrive later. */
  openRequests(rowsMax: number): Promise<MailRequest[]>;
  openDeletions(rowsMax: number): Promise<DomainEvent[]>;
  /** Puts a request's mail into the outbox, once; null only marks it done. Answers false when someone else did it. Throws NOT_OWNER. */
  finishRequest(request: MailRequest, mail: Mail | null, now: Date): Promise<boolean>;
  /** Forgets a deleted user's preferences and cancels its mails that have not left, once. Throws NOT_OWNER. */
  finishDeletion(event: DomainEvent, userId: string | null, now: Date): Promise<boolean>;
};

export function createInboxStore(database: Database): InboxStore {
  return {
    openRequests: (rowsMax) => database.$queryRaw<MailRequest[]>`
      select r.tenancy_id as "tenancyId", r.id, r.payload, r.created_at as "createdAt" from ref_mail_request r
      where not exists (
        select 1 from inbox_done d where d.tenancy_id = r.tenancy_id and d.source = 'mail-request' and d.event_id = r.id)
      order by r.created_at, r.id limit ${rowsMax}`,
    openDeletions: (rowsMax) => database.$queryRaw<DomainEvent[]>`
      select e.tenancy_id as "tenancyId", e.id, e.payload from ref_domain_event e
      where e.type = 'user.deleted' and not exists (
        select 1 from inbox_done d where d.tenancy_id = e.tenancy_id and d.source = 'domain-event' and d.event_id = e.id)
      order by e.created_at, e.id limit ${rowsMax}`,
    finishRequest: (request, mail, now) =>
      writeSlice(database, undefined, async (tx) => {
        if (!(await markDone(tx, 'mail-request', request, now))) return false;
        if (mail !== null) await tx.mailOutbox.createMany({ data: [rowOf(mail)], skipDuplicates: true });
        return true;
      }),
    finishDeletion: (event, userId, now) =>
      writeSlice(database, undefined, async (tx) => {
        if (!(await markDone(tx, 'domain-event', event, now))) return false;
        if (userId !== null) await forgetUser(tx, event.tenancyId, userId, now);
        return true;
      }),
  };
}

/** False when it was done before; a second consumer waits here for the first one's commit. */
async function markDone(tx: Transaction, source: string, event: { tenancyId: string; id: string }, now: Date): Promise<boolean> {
  const data = [{ tenancyId: event.tenancyId, source, eventId: event.id, doneAt: now }];
  return (await tx.inboxDone.createMany({ data, skipDuplicates: true })).count === 1;
}

async function forgetUser(tx: Transaction, tenancyId: string, userId: string, now: Date): Promise<void> {
  await tx.notificationPreference.deleteMany({ where: { tenancyId, projectUserId: userId } });
  await tx.mailOutbox.updateMany({
    where: { tenancyId, finishedSendingAt: null, cancelledAt: null, outcome: null, recipient: { path: ['user_id'], equals: userId } },
    data: { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled', updatedAt: now },
  });
}

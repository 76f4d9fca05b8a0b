import { type Database, sqlStateOf, type Transaction, writeSlice } from '../database/store.ts';
import type { Mail } from '../mail/mail.ts';
import { rowOf } from '../mail/store.ts';
import type { MailRequest } from './inbox.ts';

export type DomainEvent = { tenancyId: string; id: string; payload: unknown };

/** `unreadable`: the database cannot store what was asked for; nothing was changed. */
export type InboxResult = 'done' | 'done-before' | 'unreadable';

export type InboxStore = {
  /** Requests nothing was done about yet, oldest first: by anti-join, because an older transaction may arrive later. */
  openRequests(rowsMax: number): Promise<MailRequest[]>;
  openDeletions(rowsMax: number): Promise<DomainEvent[]>;
  /** Puts a request's mail into the outbox, once; null only marks it done. Throws NOT_OWNER. */
  finishRequest(request: MailRequest, mail: Mail | null, now: Date): Promise<InboxResult>;
  /** Forgets a deleted user's preferences and cancels its mails that have not left, once. Throws NOT_OWNER. */
  finishDeletion(event: DomainEvent, userId: string | null, now: Date): Promise<InboxResult>;
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
      finish(database, { ...request, source: 'mail-request' }, now, async (tx) => {
        if (mail !== null) await tx.mailOutbox.createMany({ data: [rowOf(mail)], skipDuplicates: true });
      }),
    finishDeletion: (event, userId, now) =>
      finish(database, { ...event, source: 'domain-event' }, now, async (tx) => {
        if (userId !== null) await forgetUser(tx, event.tenancyId, userId, now);
      }),
  };
}

type Item = { tenancyId: string; id: string; source: 'mail-request' | 'domain-event' };

/** The effect and its `inbox_done` are one transaction. */
async function finish(database: Database, item: Item, now: Date, effect: (tx: Transaction) => Promise<void>): Promise<InboxResult> {
  try {
    return await writeSlice(database, undefined, async (tx) => {
      if (!(await markDone(tx, item, now))) return 'done-before';
      await effect(tx);
      return 'done';
    });
  } catch (error) {
    // Classes 22 (data) and 23 (constraints): the row can never be stored, however often it is tried.
    if (/^2[23]/.test(sqlStateOf(error) ?? '')) return 'unreadable';
    throw error;
  }
}

/** False when it was done before; a second consumer waits here for the first one's commit. */
async function markDone(tx: Transaction, { tenancyId, source, id }: Item, now: Date): Promise<boolean> {
  const data = [{ tenancyId, source, eventId: id, doneAt: now }];
  return (await tx.inboxDone.createMany({ data, skipDuplicates: true })).count === 1;
}

async function forgetUser(tx: Transaction, tenancyId: string, userId: string, now: Date): Promise<void> {
  await tx.notificationPreference.deleteMany({ where: { tenancyId, projectUserId: userId } });
  await tx.mailOutbox.updateMany({
    where: { tenancyId, finishedSendingAt: null, cancelledAt: null, outcome: null, recipient: { path: ['user_id'], equals: userId } },
    data: { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled', updatedAt: now },
  });
}

import { sourceOfHtml } from '../src/emails/render-mail.ts';
import { errorFacts, log } from '../src/log.ts';
import { Backoff } from './backoff.ts';
import { type Client, isNotMine, type Pool, transact } from './database.ts';

// Requests and events become rows of notifications, each once: the effect and its mark in InboxDone are one transaction.
// They are found by what is not done, never by a cursor: an older transaction may commit after a newer one.

const requestsPerRoundMax = 100;
export type Inbox = { pool: Pool /** Tenancies. */; notMine: Backoff /** Requests and events by id. */; failing: Backoff };

export function createInbox(pool: Pool): Inbox {
  return { pool, notMine: new Backoff(), failing: new Backoff() };
}

type Source = 'mail-request' | 'domain-event';
type Item = { source: Source; tenancyId: string; id: string; kind: string; payload: Record<string, unknown> };

/** Deals with what is open, oldest first. Answers how many items were done. */
export async function consumeInbox(inbox: Inbox): Promise<number> {
  let done = 0;
  for (const item of [...(await openItems(inbox, 'mail-request')), ...(await openItems(inbox, 'domain-event'))]) {
    if (inbox.notMine.waiting().includes(item.tenancyId)) continue;
    if (await consumeItem(inbox, item)) done += 1;
  }
  return done;
}

const tables = {
  'mail-request': { name: '"MailRequest"', kind: '"kind"' },
  'domain-event': { name: '"DomainEvent"', kind: '"type"' },
} as const;

async function openItems(inbox: Inbox, source: Source): Promise<Item[]> {
  const table = tables[source];
  const { rows } = await inbox.pool.query<Omit<Item, 'source'>>(
    `select item."tenancyId", item."id", item.${table.kind} as kind, item."payload" from ${table.name} item
     where not exists (
       select from "InboxDone" done where done."tenancyId" = item."tenancyId" and done."source" = $1 and done."eventId" = item."id")
     and item."tenancyId" <> all($2::uuid[]) and item."id" <> all($3::uuid[])
     order by item."createdAt", item."id" limit $4`,
    [source, inbox.notMine.waiting(), inbox.failing.waiting(), requestsPerRoundMax],
  );
  return rows.map((row) => ({ source, ...row }));
}

async function consumeItem(inbox: Inbox, item: Item): Promise<boolean> {
  try {
    await transact(inbox.pool, async (client) => {
      const { rowCount } = await client.query(
        'insert into "InboxDone" ("tenancyId", "source", "eventId", "doneAt") values ($1, $2, $3, now()) on conflict do nothing',
        [item.tenancyId, item.source, item.id],
      );
      if (rowCount === 1) await applyItem(client, item);
    });
    inbox.notMine.clear(item.tenancyId);
    inbox.failing.clear(item.id);
    return true;
  } catch (error) {
    if (isNotMine(error)) {
      inbox.notMine.note(item.tenancyId);
      return false;
    }
    inbox.failing.note(item.id);
    log('warn', 'inbox item failed; it stays open', { source: item.source, id: item.id, kind: item.kind, ...errorFacts(error) });
    return false;
  }
}

async function applyItem(client: Client, item: Item): Promise<void> {
  if (item.source === 'mail-request') return addMail(client, item);
  if (item.kind === 'user.deleted') return forgetUser(client, item);
  // Other kinds of events concern others.
}

type MailPayload = {
  recipient: unknown;
  subject: string;
  html: string;
  text: string | null;
  isTransactional: boolean;
  isHighPriority: boolean;
  notificationCategoryId: string | null;
};

/** The mail has the id of its request. */
async function addMail(client: Client, item: Item): Promise<void> {
  const payload = item.payload as MailPayload;
  await client.query(
    `insert into "EmailOutbox" ("tenancyId", "id", "createdAt", "updatedAt", "recipient", "source", "subject", "html", "text",
       "isTransactional", "isHighPriority", "notificationCategoryId", "scheduledAt", "renderedAt")
     values ($1, $2, now(), now(), $3, $4, $5, $6, $7, $8, $9, $10, now(), now())`,
    [
      item.tenancyId,
      item.id,
      JSON.stringify(payload.recipient),
      sourceOfHtml(payload.html),
      payload.subject,
      payload.html,
      payload.text,
      payload.isTransactional,
      payload.isHighPriority,
      payload.notificationCategoryId,
    ],
  );
}

/** What a foreign key with `on delete cascade` did before notifications could move. */
async function forgetUser(client: Client, item: Item): Promise<void> {
  const userId = item.payload['user_id'];
  await client.query('delete from "UserNotificationPreference" where "tenancyId" = $1 and "projectUserId" = $2', [item.tenancyId, userId]);
  await client.query(
    `update "EmailOutbox" set "cancelledAt" = now(), "finishedSendingAt" = now(), "outcome" = 'cancelled', "updatedAt" = now()
     where "tenancyId" = $1 and "recipient" ->> 'user_id' = $2 and "outcome" is null and "cancelledAt" is null`,
    [item.tenancyId, userId],
  );
}

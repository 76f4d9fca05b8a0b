import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { isUuid } from '@stackframe/stack-shared/dist/utils/uuids';
import { database, type Transaction } from '../database.ts';
import type { EmailOutbox, Prisma } from '../generated/prisma/client.ts';
import { categories } from './categories.ts';
import { lockUsers } from './lock-users.ts';
import { type OutboxStatus, outboxStatus, type SimpleStatus, simpleStatuses } from './outbox-item.ts';
import type { Recipient } from './recipient.ts';
import { renderMail } from './render-mail.ts';
import { linkToUnsubscribe, type Sender } from './send-email.ts';
import { chosenTheme } from './themes.ts';

export type OutboxQuery = {
  tenancyId: string;
  status?: string | undefined;
  simpleStatus?: string | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** One page, newest first. `nextCursor` is the first mail of the next page. */
export async function listOutbox(query: OutboxQuery, now: Date): Promise<{ rows: EmailOutbox[]; nextCursor: string | null }> {
  const cursor = query.cursor === undefined ? null : await findMail(query.tenancyId, query.cursor);
  const rows = await database().emailOutbox.findMany({
    where: { tenancyId: query.tenancyId, AND: [...statusFilters(query, now), ...(cursor === null ? [] : [notBefore(cursor)])] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: query.limit + 1,
  });
  return { rows: rows.slice(0, query.limit), nextCursor: rows[query.limit]?.id ?? null };
}

/** Throws 404 when there is none. */
export async function findMail(tenancyId: string, id: string): Promise<EmailOutbox> {
  const row = await database().emailOutbox.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
  if (row === null) throw new StatusError(404, 'Email not found.');
  return row;
}

export type OutboxChange = {
  isPaused?: boolean | undefined;
  cancel?: boolean | undefined;
  scheduledAt?: Date | undefined;
  subject?: string | undefined;
  source?: string | undefined;
  themeId?: string | null | undefined;
  variables?: Record<string, unknown> | undefined;
  recipient?: Recipient | undefined;
};

/**
 * Changes a mail that is not on its way and has not arrived; the row is locked against the worker meanwhile. One that failed is tried
 * again. Throws EMAIL_NOT_EDITABLE, EMAIL_RENDERING_ERROR, USER_ID_DOES_NOT_EXIST, 404.
 */
export async function changeMail(sender: Sender, id: string, change: OutboxChange, now: Date): Promise<EmailOutbox> {
  const { tenancyId } = sender;
  return database().$transaction(async (tx) => {
    await tx.$queryRaw`select 1 from "EmailOutbox" where "tenancyId" = ${tenancyId}::uuid and "id" = ${id}::uuid for update`;
    const row = await tx.emailOutbox.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
    if (row === null) throw new StatusError(404, 'Email not found.');
    if (!isEditable(row)) throw new KnownErrors.EmailNotEditable(id, outboxStatus(row, now).toUpperCase().replaceAll('-', '_'));
    const data = {
      ...(Object.keys(definedOf(change)).length > 0 && row.outcome !== null ? triedAgain : {}),
      ...definedOf({ isPaused: change.isPaused, scheduledAt: change.scheduledAt, subject: change.subject }),
      ...(await changedContent(tx, { sender, row, change, now })),
      ...(change.cancel === true ? { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled' } : {}),
      updatedAt: now,
    };
    return tx.emailOutbox.update({ where: { tenancyId_id: { tenancyId, id } }, data });
  });
}

function isEditable(row: EmailOutbox): boolean {
  const hasFailed = row.outcome === 'server-error' || row.outcome === 'unknown';
  return row.cancelledAt === null && (hasFailed || (row.outcome === null && row.startedSendingAt === null));
}

const triedAgain = { outcome: null, startedSendingAt: null, finishedSendingAt: null, nextSendRetryAt: null, sendRetries: 0 };

/** What a mail says after a change of its source, theme, variables or recipient; nothing when none of them changes. */
async function changedContent(tx: Transaction, edit: { sender: Sender; row: EmailOutbox; change: OutboxChange; now: Date }) {
  const { sender, row, change, now } = edit;
  const { source = row.source, themeId = row.themeId, recipient = row.recipient as Recipient } = change;
  const variables = change.variables ?? (row.variables as Record<string, unknown>);
  if ([change.source, change.themeId, change.variables, change.recipient].every((part) => part === undefined)) return {};
  const theme = chosenTheme(sender.project.config, [themeId ?? false]);
  const userId = recipient.type === 'custom-emails' ? undefined : recipient.user_id.toLowerCase();
  const user = userId === undefined ? undefined : await recipientOf(tx, sender.tenancyId, userId, change.recipient !== undefined);
  const category = categories.find((known) => known.id === row.notificationCategoryId);
  const mail = renderMail(source, theme?.source ?? null, {
    project: { displayName: sender.project.displayName },
    user: user ?? null,
    variables,
    unsubscribeLink:
      category === undefined || userId === undefined ? null : linkToUnsubscribe({ tenancyId: sender.tenancyId, userId }, category),
  });
  return {
    source,
    themeId,
    variables: variables as Prisma.InputJsonObject,
    recipient: recipient as Prisma.InputJsonObject,
    html: mail.html,
    text: mail.text,
    subject: change.subject ?? (mail.subject || row.subject),
    renderedAt: now,
  };
}

/** A user a mail is to go to from now on must exist; one that it went to all along may be gone. */
async function recipientOf(tx: Transaction, tenancyId: string, userId: string, isNew: boolean) {
  const user = isUuid(userId) ? (await lockUsers(tx, tenancyId, [userId])).get(userId) : undefined;
  if (user === undefined && isNew) throw new KnownErrors.UserIdDoesNotExist(userId);
  return user;
}

function statusFilters(query: OutboxQuery, now: Date): Prisma.EmailOutboxWhereInput[] {
  const wanted = (Object.keys(simpleStatuses) as OutboxStatus[]).filter(
    (status) =>
      (query.status === undefined || status === query.status) &&
      (query.simpleStatus === undefined || simpleStatuses[status] === (query.simpleStatus as SimpleStatus)),
  );
  if (query.status === undefined && query.simpleStatus === undefined) return [];
  // Prisma takes an empty OR inside an AND for no condition.
  return wanted.length === 0 ? [{ id: { in: [] } }] : [{ OR: wanted.map((status) => statusWhere(status, now)) }];
}

/** `outboxStatus` said in SQL; a test holds the two together. */
function statusWhere(status: OutboxStatus, now: Date): Prisma.EmailOutboxWhereInput {
  const open = { outcome: null, cancelledAt: null };
  switch (status) {
    case 'skipped':
      return { OR: [{ cancelledAt: { not: null } }, { outcome: { in: ['cancelled', 'skipped'] } }] };
    case 'sent':
      return { outcome: 'sent', cancelledAt: null };
    case 'server-error':
      return { outcome: { in: ['server-error', 'unknown'] }, cancelledAt: null };
    case 'sending':
      return { ...open, startedSendingAt: { not: null } };
    case 'paused':
      return { ...open, startedSendingAt: null, isPaused: true };
    case 'scheduled':
      return { ...open, startedSendingAt: null, isPaused: false, scheduledAt: { gt: now } };
    case 'queued':
      return { ...open, startedSendingAt: null, isPaused: false, scheduledAt: { lte: now } };
  }
}

function notBefore(cursor: EmailOutbox): Prisma.EmailOutboxWhereInput {
  return { OR: [{ createdAt: { lt: cursor.createdAt } }, { createdAt: cursor.createdAt, id: { lte: cursor.id } }] };
}

function definedOf<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

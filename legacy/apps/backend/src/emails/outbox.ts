import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database } from '../database.ts';
import type { EmailOutbox, Prisma } from '../generated/prisma/client.ts';
import { type OutboxStatus, outboxStatus, type SimpleStatus, simpleStatuses } from './outbox-item.ts';

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
};

/** Changes a mail that has not started to leave; the row is locked against the worker meanwhile. Throws EMAIL_NOT_EDITABLE. */
export async function changeMail(tenancyId: string, id: string, change: OutboxChange, now: Date): Promise<EmailOutbox> {
  return database().$transaction(async (tx) => {
    await tx.$queryRaw`select 1 from "EmailOutbox" where "tenancyId" = ${tenancyId}::uuid and "id" = ${id}::uuid for update`;
    const row = await tx.emailOutbox.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
    if (row === null) throw new StatusError(404, 'Email not found.');
    if (row.outcome !== null || row.cancelledAt !== null || row.startedSendingAt !== null) {
      throw new KnownErrors.EmailNotEditable(id, outboxStatus(row, now).toUpperCase().replaceAll('-', '_'));
    }
    const cancelled = change.cancel === true ? { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled' } : {};
    const data = { ...definedOf({ isPaused: change.isPaused, scheduledAt: change.scheduledAt, subject: change.subject }), ...cancelled };
    return tx.emailOutbox.update({ where: { tenancyId_id: { tenancyId, id } }, data });
  });
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

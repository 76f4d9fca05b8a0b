import { StatusError } from '@atlas/kit/wire';
import { type Database, Prisma, sqlStateOf, type Transaction, writeSlice } from '../database/store.ts';
import type { MailOutbox } from '../generated/client.ts';
import { holdUsers } from '../users/store.ts';
import type { Mail, Recipient, SendError, Status } from './mail.ts';
import type { MailResult } from './sending.ts';

type Guard = { epoch: bigint | undefined };
export type MailPage = { tenancyId: string; statuses: Status[] | undefined; limit: number; cursor: string | undefined };
/** A claimed mail in its own transaction: the row is locked, and the guard's locks are held, until it ends. */
export type Claim = {
  mail: Mail;
  isEnabled(userId: string, categoryId: string): Promise<boolean | undefined>;
  finish(result: MailResult): Promise<void>;
};

export type MailStore = {
  /** Adds mails about users, all or none; `beforeCommit` is the last thing that may refuse. Throws 400 when one is too large, NOT_OWNER, EPOCH_TOO_OLD. */
  add(
    to: { tenancyId: string; userIds: readonly string[] },
    mails: Iterable<Mail>,
    guard: Guard & { beforeCommit(): Promise<void> },
  ): Promise<void>;
  /** One page, newest first; `nextCursor` is the first mail of the next page. Throws 404 for an unknown cursor. */
  list(page: MailPage, now: Date): Promise<{ mails: Mail[]; nextCursor: string | null }>;
  /** Throws 404 when there is none. */
  find(tenancyId: string, id: string): Promise<Mail>;
  /** Changes a mail, locked against the sender meanwhile; undefined leaves it as it is. Throws what `decide` throws, 404, 400 when it is too large, NOT_OWNER, EPOCH_TOO_OLD. */
  edit(key: { tenancyId: string; id: string }, decide: (mail: Mail) => Mail | undefined, guard: Guard): Promise<Mail | undefined>;
  /** How many mails were sent since each of four moments. */
  countSent(tenancyId: string, since: Record<keyof SentCounts, Date>): Promise<SentCounts>;
  /** Mails that may leave now, most urgent first. Takes no lock. */
  due(now: Date, mailsMax: number): Promise<Mail[]>;
  /** Runs `work` with the mail claimed, if it is still there to be sent; answers whether it was. Throws NOT_OWNER. */
  claim(key: { tenancyId: string; id: string }, now: Date, work: (claim: Claim) => Promise<void>): Promise<boolean>;
};

export type SentCounts = { hour: number; day: number; week: number; month: number };

const insertLimits = { rows: 500, characters: 8_000_000 } as const;

export function createMailStore(database: Database): MailStore {
  return {
    add: async ({ tenancyId, userIds }, mails, { epoch, beforeCommit }) => {
      try {
        await writeSlice(database, epoch, async (tx) => {
          if (userIds.length > 0) await holdUsers(tx, tenancyId, userIds);
          await insertAll(tx, mails);
          await beforeCommit();
        });
      } catch (error) {
        if (sqlStateOf(error) === '23514') throw new StatusError(400, 'The email is too large.');
        throw error;
      }
    },
    list: (page, now) => listMails(database, page, now),
    find: (tenancyId, id) => findMail(database, tenancyId, id),
    edit: async ({ tenancyId, id }, decide, { epoch }) => {
      try {
        return await writeSlice(database, epoch, async (tx) => {
          await tx.$queryRaw`select 1 as locked from mail_outbox where tenancy_id = ${tenancyId}::uuid and id = ${id}::uuid for update`;
          const mail = decide(await findMail(tx, tenancyId, id));
          if (mail !== undefined) await tx.mailOutbox.update({ where: { tenancyId_id: { tenancyId, id } }, data: rowOf(mail) });
          return mail;
        });
      } catch (error) {
        if (sqlStateOf(error) === '23514') throw new StatusError(400, 'The email is too large.');
        throw error;
      }
    },
    countSent: (tenancyId, since) => countSent(database, tenancyId, since),
    due: async (now, mailsMax) => {
      const rows = await database.mailOutbox.findMany({
        where: { ...leavable(now) },
        orderBy: [{ isHighPriority: 'desc' }, { scheduledAt: 'asc' }, { id: 'asc' }],
        take: mailsMax,
      });
      return rows.map(mailOf);
    },
    claim: (key, now, work) =>
      writeSlice(database, undefined, async (tx) => {
        const claim = await claimMail(tx, key, now);
        if (claim === undefined) return false;
        await work(claim);
        return true;
      }),
  };
}

async function listMails(
  database: Database,
  { tenancyId, statuses, limit, cursor }: MailPage,
  now: Date,
): Promise<{ mails: Mail[]; nextCursor: string | null }> {
  const from = cursor === undefined ? undefined : await findMail(database, tenancyId, cursor);
  // Prisma drops an empty OR: no status would match every mail.
  if (statuses?.length === 0) return { mails: [], nextCursor: null };
  const rows = await database.mailOutbox.findMany({
    where: {
      tenancyId,
      AND: [
        ...(statuses === undefined ? [] : [{ OR: statuses.map((status) => statusWhere(status, now)) }]),
        ...(from === undefined
          ? []
          : [{ OR: [{ createdAt: { lt: from.createdAt } }, { createdAt: from.createdAt, id: { lte: from.id } }] }]),
      ],
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return { mails: rows.slice(0, limit).map(mailOf), nextCursor: rows[limit]?.id ?? null };
}

async function countSent(database: Database, tenancyId: string, since: Record<keyof SentCounts, Date>): Promise<SentCounts> {
  const [sent] = await database.$queryRaw<SentCounts[]>`
      select
        count(*) filter (where finished_sending_at > ${since.hour})::int as hour,
        count(*) filter (where finished_sending_at > ${since.day})::int as day,
        count(*) filter (where finished_sending_at > ${since.week})::int as week,
        count(*)::int as month
      from mail_outbox
      where tenancy_id = ${tenancyId}::uuid and outcome = 'sent' and finished_sending_at > ${since.month}`;
  return sent ?? { hour: 0, day: 0, week: 0, month: 0 };
}

async function insertAll(tx: Transaction, mails: Iterable<Mail>): Promise<void> {
  let rows: Prisma.MailOutboxCreateManyInput[] = [];
  let characters = 0;
  for (const mail of mails) {
    rows.push(rowOf(mail));
    characters += mail.source.length + (mail.html?.length ?? 0) + (mail.text?.length ?? 0);
    if (rows.length < insertLimits.rows && characters < insertLimits.characters) continue;
    await tx.mailOutbox.createMany({ data: rows });
    rows = [];
    characters = 0;
  }
  if (rows.length > 0) await tx.mailOutbox.createMany({ data: rows });
}

/** A mail that may leave now; said again in SQL by `claimMail`. */
function leavable(now: Date): Prisma.MailOutboxWhereInput {
  return {
    finishedSendingAt: null,
    cancelledAt: null,
    outcome: null,
    isPaused: false,
    renderedAt: { not: null },
    scheduledAt: { lte: now },
    OR: [{ nextSendRetryAt: null }, { nextSendRetryAt: { lte: now } }],
  };
}

/** The claim is an update, so that it takes the guard's locks: a fence waits for the mail. A mail another sender has is passed over. */
async function claimMail(tx: Transaction, key: { tenancyId: string; id: string }, now: Date): Promise<Claim | undefined> {
  const { tenancyId, id } = key;
  const claimed = await tx.$executeRaw`
    update mail_outbox set started_sending_at = ${now} where tenancy_id = ${tenancyId}::uuid and id = (
      select id from mail_outbox
      where tenancy_id = ${tenancyId}::uuid and id = ${id}::uuid and finished_sending_at is null and cancelled_at is null and outcome is null
        and not is_paused and scheduled_at <= ${now} and (next_send_retry_at is null or next_send_retry_at <= ${now})
      for update skip locked)`;
  if (claimed === 0) return undefined;
  const mail = await findMail(tx, tenancyId, id);
  return {
    mail,
    isEnabled: async (projectUserId, notificationCategoryId) => {
      const where = { tenancyId_projectUserId_notificationCategoryId: { tenancyId, projectUserId, notificationCategoryId } };
      return (await tx.notificationPreference.findUnique({ where }))?.enabled;
    },
    finish: async (result) => {
      const data = { ...result, sendErrors: jsonOrNull(result.sendErrors), skippedDetails: jsonOrNull(result.skippedDetails) };
      await tx.mailOutbox.update({ where: { tenancyId_id: { tenancyId, id } }, data });
    },
  };
}

async function findMail(database: Database | Transaction, tenancyId: string, id: string): Promise<Mail> {
  const row = await database.mailOutbox.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
  if (row === null) throw new StatusError(404, 'Email not found.');
  return mailOf(row);
}

/** `statusOf` said in SQL; a test holds the two together. */
function statusWhere(status: Status, now: Date): Prisma.MailOutboxWhereInput {
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

function mailOf(row: MailOutbox): Mail {
  return {
    ...row,
    recipient: row.recipient as Recipient,
    sendErrors: row.sendErrors as SendError[] | null,
    outcome: row.outcome as Mail['outcome'],
  };
}

/** A mail as a row; also used for mails that other slices ask for. */
export function rowOf(mail: Mail): Prisma.MailOutboxCreateManyInput {
  return {
    ...mail,
    recipient: mail.recipient,
    variables: mail.variables as Prisma.InputJsonValue,
    sendErrors: jsonOrNull(mail.sendErrors),
    skippedDetails: jsonOrNull(mail.skippedDetails),
  };
}

function jsonOrNull(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null || value === undefined ? Prisma.DbNull : (value as Prisma.InputJsonValue);
}

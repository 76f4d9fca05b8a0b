import { categories, categoryById } from '../src/emails/categories.ts';
import { type MailSender, type MailServer, ownServer, senderOf } from '../src/emails/mail-server.ts';
import type { Recipient } from '../src/emails/recipient.ts';
import { type Delivery, deliver } from '../src/emails/smtp.ts';
import { unsubscribeCode, unsubscribeKey, unsubscribeLink } from '../src/emails/unsubscribe-code.ts';
import { errorFacts, log } from '../src/log.ts';
import { projectConfig } from '../src/projects/project-config.ts';
import { addressing, type UserFacts } from './addressing.ts';
import { Backoff } from './backoff.ts';
import { type Client, isNotMine, type Pool, transact } from './database.ts';
import type { Settings } from './settings.ts';

// One mail is one transaction: claim, send, mark, commit. A fence waits for it; when the process dies in between, the claim goes with it.

export const mailsAtOnceMax = 4;
const mailsPerRoundMax = 40;
const attemptsMax = 5;
const firstRetryMs = 2_000;
const retryMsMax = 600_000;

export type SenderSettings = Pick<Settings, 'smtpUrl' | 'environment' | 'publicUrl' | 'serverSecret'>;
export type Sender = { pool: Pool; settings: SenderSettings /** Tenancies. */; notMine: Backoff; isStopping: () => boolean };

export function createSender(pool: Pool, settings: SenderSettings, isStopping: () => boolean): Sender {
  return { pool, settings, notMine: new Backoff(), isStopping };
}

type Due = { tenancyId: string; id: string };

/** Sends what is due, urgent mails first. Answers how many mails came to an end or were tried. */
export async function sendDueMails(sender: Sender): Promise<number> {
  const due = await dueMails(sender);
  let tried = 0;
  const lane = async () => {
    for (let next = due.shift(); next !== undefined && !sender.isStopping(); next = due.shift()) {
      if (sender.notMine.waiting().includes(next.tenancyId)) continue;
      if (await sendOne(sender, next)) tried += 1;
    }
  };
  await Promise.all(Array.from({ length: mailsAtOnceMax }, lane));
  return tried;
}

async function dueMails(sender: Sender): Promise<Due[]> {
  const { rows } = await sender.pool.query<Due>(
    `select "tenancyId", "id" from "EmailOutbox"
     where "outcome" is null and "cancelledAt" is null and not "isPaused" and "renderedAt" is not null
       and "scheduledAt" <= now() and ("nextSendRetryAt" is null or "nextSendRetryAt" <= now()) and "tenancyId" <> all($1::uuid[])
     order by "isHighPriority" desc, "scheduledAt", "id" limit $2`,
    [sender.notMine.waiting(), mailsPerRoundMax],
  );
  return rows;
}

async function sendOne(sender: Sender, due: Due): Promise<boolean> {
  try {
    const wasTried = await transact(sender.pool, (client) => claimAndSend(client, sender.settings, due));
    sender.notMine.clear(due.tenancyId);
    return wasTried;
  } catch (error) {
    if (isNotMine(error)) sender.notMine.note(due.tenancyId);
    else log('error', 'mail could not be processed', { mail: due.id, ...errorFacts(error) });
    return false;
  }
}

type Claimed = {
  id: string;
  tenancyId: string;
  recipient: Recipient;
  subject: string | null;
  html: string | null;
  text: string | null;
  notificationCategoryId: string | null;
  sendRetries: number;
};

async function claimAndSend(client: Client, settings: SenderSettings, due: Due): Promise<boolean> {
  const mail = await claim(client, due);
  if (mail === undefined) return false;
  const facts = await readFacts(client, mail, settings);
  const target = addressing(mail.recipient, facts.user);
  if ('skip' in target) await markSkipped(client, due, target.skip);
  else {
    const letter = { ...mail, subject: mail.subject ?? '', from: facts.from, to: target.emails, unsubscribeLink: linkOf(mail, settings) };
    await mark(client, mail, await deliver(facts.server ?? settings.smtpUrl, letter));
  }
  return true;
}

function linkOf(mail: Claimed, { publicUrl, serverSecret }: SenderSettings): string | null {
  const category = categoryById(mail.notificationCategoryId ?? '');
  if (category?.canDisable !== true || mail.recipient.type === 'custom-emails') return null;
  const said = { tenancyId: mail.tenancyId, userId: mail.recipient.user_id, categoryId: category.id };
  return unsubscribeLink(publicUrl, unsubscribeCode(unsubscribeKey(serverSecret, mail.tenancyId), said));
}

/** An update, not only a lock: it takes what guards the table's writes. A mail another worker holds is passed over. */
async function claim(client: Client, due: Due): Promise<Claimed | undefined> {
  const { rows } = await client.query<Claimed>(
    `update "EmailOutbox" set "startedSendingAt" = clock_timestamp() where "tenancyId" = $1 and "id" = (
       select "id" from "EmailOutbox" where "tenancyId" = $1 and "id" = $2 and "outcome" is null and "cancelledAt" is null and not "isPaused"
         and "scheduledAt" <= now() and ("nextSendRetryAt" is null or "nextSendRetryAt" <= now())
       for update skip locked)
     returning "tenancyId", "id", "recipient", "subject", "html", "text", "notificationCategoryId", "sendRetries"`,
    [due.tenancyId, due.id],
  );
  return rows[0];
}

type Facts = { user: UserFacts; from: MailSender; server: MailServer | null };

type FactsRow = {
  projectName: string;
  projectLayer: unknown;
  branchLayer: unknown;
  environmentLayer: unknown;
  exists: boolean;
  primaryEmail: string | null;
  isUnsubscribed: boolean;
};

async function readFacts(client: Client, mail: Claimed, { environment }: SenderSettings): Promise<Facts> {
  const userId = mail.recipient.type === 'custom-emails' ? null : mail.recipient.user_id;
  const { rows } = await client.query<FactsRow>(
    `select project."displayName" as "projectName", project."config" as "projectLayer", branch."config" as "branchLayer",
       environment."config" as "environmentLayer", person."projectUserId" is not null as "exists", channel."value" as "primaryEmail",
       coalesce(not preference."enabled" and preference."notificationCategoryId" = any($4::uuid[]), false) as "isUnsubscribed"
     from "Tenancy" tenancy
     join "Project" project on project."id" = tenancy."projectId"
     left join "BranchConfigOverride" branch on branch."projectId" = project."id" and branch."branchId" = tenancy."branchId"
     left join "EnvironmentConfigOverride" environment on environment."projectId" = project."id" and environment."branchId" = tenancy."branchId"
     left join "ProjectUser" person on person."tenancyId" = tenancy."id" and person."projectUserId" = $2
     left join "ContactChannel" channel on channel."tenancyId" = tenancy."id" and channel."projectUserId" = $2
       and channel."type" = 'EMAIL' and channel."isPrimary" = 'TRUE'
     left join "UserNotificationPreference" preference on preference."tenancyId" = tenancy."id" and preference."projectUserId" = $2
       and preference."notificationCategoryId" = $3
     where tenancy."id" = $1`,
    [mail.tenancyId, userId, mail.notificationCategoryId, canBeDisabled],
  );
  const [row] = rows;
  const user = { exists: row?.exists ?? false, primaryEmail: row?.primaryEmail ?? null, isUnsubscribed: row?.isUnsubscribed ?? false };
  const { server } = projectConfig({ project: row?.projectLayer, branch: row?.branchLayer, environment: row?.environmentLayer }).emails;
  return { user, from: senderOf({ displayName: row?.projectName ?? '' }, server), server: ownServer(server, environment) };
}

async function markSkipped(client: Client, due: Due, reason: string): Promise<void> {
  await client.query(
    `update "EmailOutbox" set "startedSendingAt" = null, "finishedSendingAt" = clock_timestamp(), "updatedAt" = clock_timestamp(),
       "outcome" = 'skipped', "skippedReason" = $3, "skippedDetails" = '{}'
     where "tenancyId" = $1 and "id" = $2`,
    [due.tenancyId, due.id, reason],
  );
}

/** Accepted and unknown are final; a refusal is tried again with growing pauses, five times in all. */
async function mark(client: Client, mail: Claimed, delivery: Delivery): Promise<void> {
  if (delivery.kind === 'accepted') return finish(client, mail, 'sent', null);
  const attempt = mail.sendRetries + 1;
  const isFinal = delivery.kind === 'unknown' || delivery.isForGood || attempt >= attemptsMax;
  log(isFinal ? 'warn' : 'info', 'mail not sent', { mail: mail.id, attempt, delivery: delivery.kind, reason: delivery.reason });
  if (isFinal) return finish(client, mail, delivery.kind === 'unknown' ? 'unknown' : 'server-error', sendError(attempt, delivery.reason));
  const pauseMs = Math.min(firstRetryMs * 4 ** mail.sendRetries, retryMsMax);
  await client.query(
    `update "EmailOutbox" set "startedSendingAt" = null, "sendRetries" = $3, "nextSendRetryAt" = clock_timestamp() + $4 * interval '1 ms',
       "sendErrors" = coalesce("sendErrors", '[]') || $5::jsonb, "updatedAt" = clock_timestamp()
     where "tenancyId" = $1 and "id" = $2`,
    [mail.tenancyId, mail.id, attempt, pauseMs, JSON.stringify(sendError(attempt, delivery.reason))],
  );
}

async function finish(client: Client, mail: Claimed, outcome: string, error: object | null): Promise<void> {
  await client.query(
    `update "EmailOutbox" set "finishedSendingAt" = clock_timestamp(), "updatedAt" = clock_timestamp(), "outcome" = $3, "nextSendRetryAt" = null,
       "sendErrors" = case when $4::jsonb is null then "sendErrors" else coalesce("sendErrors", '[]') || $4::jsonb end
     where "tenancyId" = $1 and "id" = $2`,
    [mail.tenancyId, mail.id, outcome, error === null ? null : JSON.stringify(error)],
  );
}

function sendError(attempt: number, reason: string) {
  return {
    attempt_number: attempt,
    timestamp: new Date().toISOString(),
    external_message: 'The mail server did not take the mail.',
    external_details: {},
    internal_message: reason,
    internal_details: {},
  };
}

const canBeDisabled = categories.filter((category) => category.canDisable).map((category) => category.id);

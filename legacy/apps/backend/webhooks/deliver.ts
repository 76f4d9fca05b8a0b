import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { Webhook } from 'standardwebhooks';
import { errorFacts, log } from '../src/log.ts';
import { type Client, type Pool, transact } from '../worker/database.ts';
import { Lanes } from './lanes.ts';
import { type PostAnswer, post } from './post.ts';
import { nextPauseMs } from './retry.ts';
import { targetMistake } from './target.ts';

const messagesPerRoundMax = 100;
const dueSeenMax = 500;
const perEndpointMax = 8;
/** A claimed delivery whose process died is claimed again after this: told twice with the same id, never not at all. */
const leaseSeconds = 60;
const keepDays = 30;
const removedPerRoundMax = 1_000;
const failingDaysMax = 5;

export type Deliverer = { pool: Pool; isDevelopment: boolean; lanes: Lanes; attempts: { success: number; failed: number; silent: number } };

export function createDeliverer(pool: Pool, isDevelopment: boolean): Deliverer {
  return { pool, isDevelopment, lanes: new Lanes(), attempts: { success: 0, failed: 0, silent: 0 } };
}

/** Makes a delivery of each new message for each endpoint that wants its type. Answers how many messages were new. */
export async function fanOut({ pool }: Deliverer): Promise<number> {
  return transact(pool, async (client) => {
    const { rows } = await client.query<{ projectId: string; id: string }>(
      `select "projectId", "id" from "WebhookMessage" where "fannedOutAt" is null
       order by "createdAt", "id" limit $1 for update skip locked`,
      [messagesPerRoundMax],
    );
    if (rows.length === 0) return 0;
    const keys = [rows.map(({ projectId }) => projectId), rows.map(({ id }) => id)];
    await client.query(
      `insert into "WebhookDelivery" ("projectId", "messageId", "endpointId", "status", "nextAttemptAt")
       select message."projectId", message."id", endpoint."id", 'pending', now()
       from "WebhookMessage" message join "WebhookEndpoint" endpoint on endpoint."projectId" = message."projectId"
       where (message."projectId", message."id") in (select * from unnest($1::text[], $2::text[])) and not endpoint."disabled"
         and (cardinality(endpoint."filterTypes") = 0 or message."eventType" = any(endpoint."filterTypes"))
       on conflict do nothing`,
      keys,
    );
    await client.query(
      'update "WebhookMessage" set "fannedOutAt" = now() where ("projectId", "id") in (select * from unnest($1::text[], $2::text[]))',
      keys,
    );
    return rows.length;
  });
}

type Claimed = {
  projectId: string;
  messageId: string;
  endpointId: string;
  attemptCount: number;
  url: string;
  secret: string;
  payload: unknown;
};

/** Starts what is due, as far as there is room, and answers how many; a delivery does not wait for another endpoint's. */
export async function deliverDue(deliverer: Deliverer): Promise<number> {
  await deliverer.lanes.room();
  const claimed = await claimDue(deliverer);
  for (const row of claimed) deliverer.lanes.start(`${row.projectId}/${row.endpointId}`, () => attempt(deliverer, row));
  return claimed.length;
}

/** The oldest due of each endpoint that may be tried, a few at once, one of an endpoint that was silent. Claimed rows are due again when their lease ends. */
async function claimDue({ pool, lanes }: Deliverer): Promise<Claimed[]> {
  const { rows } = await pool.query<Claimed>(
    `with seen as (
       select "projectId", "messageId", "endpointId", "nextAttemptAt", "projectId" || '/' || "endpointId" as endpoint
       from "WebhookDelivery"
       where "status" = 'pending' and "nextAttemptAt" <= now() and "projectId" || '/' || "endpointId" <> all($1::text[])
       order by "nextAttemptAt" limit $2),
     ranked as (select seen.*, row_number() over (partition by endpoint order by "nextAttemptAt", "messageId") as place from seen),
     due as (
       select delivery."projectId", delivery."messageId", delivery."endpointId"
       from "WebhookDelivery" delivery join ranked using ("projectId", "messageId", "endpointId")
       where ranked.place <= case when ranked.endpoint = any($3::text[]) then 1 else $4 end
         and delivery."status" = 'pending' and delivery."nextAttemptAt" <= now()
       order by ranked."nextAttemptAt" limit $5 for update of delivery skip locked),
     claimed as (
       update "WebhookDelivery" delivery
       set "nextAttemptAt" = now() + $6 * interval '1 second', "attemptCount" = delivery."attemptCount" + 1
       from due where delivery."projectId" = due."projectId" and delivery."messageId" = due."messageId"
         and delivery."endpointId" = due."endpointId"
       returning delivery.*)
     select claimed."projectId", claimed."messageId", claimed."endpointId", claimed."attemptCount",
       endpoint."url", endpoint."secret", message."payload"
     from claimed
     join "WebhookEndpoint" endpoint on endpoint."projectId" = claimed."projectId" and endpoint."id" = claimed."endpointId"
     join "WebhookMessage" message on message."projectId" = claimed."projectId" and message."id" = claimed."messageId"
     order by message."createdAt", message."id"`,
    [lanes.closed(), dueSeenMax, lanes.suspects(), perEndpointMax, lanes.free(), leaseSeconds],
  );
  return rows;
}

const silent = 0;

async function attempt({ pool, isDevelopment, attempts }: Deliverer, claimed: Claimed): Promise<{ isAnswered: boolean }> {
  const began = performance.now();
  const body = JSON.stringify(claimed.payload);
  const answer = await send(claimed, body, isDevelopment).catch((error: unknown) => ({
    status: silent,
    body: error instanceof Error ? error.message : String(error),
  }));
  const isDelivered = answer.status >= 200 && answer.status < 300;
  const durationMs = Math.round(performance.now() - began);
  attempts[isDelivered ? 'success' : answer.status === silent ? 'silent' : 'failed'] += 1;
  if (!isDelivered)
    log('info', 'webhook not delivered', { message: claimed.messageId, attempt: claimed.attemptCount, status: answer.status });
  await transact(pool, (client) => record(client, claimed, { ...answer, isDelivered, durationMs })).catch((error: unknown) =>
    log('warn', 'webhook attempt not recorded; it is told again', { message: claimed.messageId, ...errorFacts(error) }),
  );
  return { isAnswered: answer.status !== silent };
}

/** The address is judged again each time: it may have been stored under other rules. */
async function send(claimed: Claimed, body: string, isDevelopment: boolean): Promise<PostAnswer> {
  const mistake = targetMistake(claimed.url, isDevelopment);
  if (mistake !== null) throw new Error(mistake);
  return post(claimed.url, signedHeaders(claimed, body, new Date()), body, isDevelopment);
}

/** Standard Webhooks 1.0, and the names older receivers read. */
function signedHeaders({ messageId, secret }: Claimed, body: string, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = new Webhook(secret).sign(messageId, now, body);
  return {
    'webhook-id': messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
    'svix-id': messageId,
    'svix-timestamp': timestamp,
    'svix-signature': signature,
  };
}

type Outcome = { status: number; body: string; isDelivered: boolean; durationMs: number };

async function record(client: Client, claimed: Claimed, outcome: Outcome): Promise<void> {
  const { projectId, messageId, endpointId, attemptCount } = claimed;
  const pauseMs = outcome.isDelivered ? null : nextPauseMs(attemptCount, Math.random());
  const status = outcome.isDelivered ? 'success' : pauseMs === null ? 'failed' : 'pending';
  const { rowCount } = await client.query(
    `update "WebhookDelivery" set "status" = $4, "nextAttemptAt" = now() + $5 * interval '1 ms'
     where "projectId" = $1 and "messageId" = $2 and "endpointId" = $3`,
    [projectId, messageId, endpointId, status, pauseMs],
  );
  if (rowCount === 0) return; // the endpoint was deleted meanwhile, and its deliveries with it
  await client.query(
    `insert into "WebhookAttempt" ("projectId", "id", "messageId", "endpointId", "status", "responseStatusCode", "response", "durationMs")
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      projectId,
      `atmpt_${generateSecureRandomString().slice(0, 27)}`,
      messageId,
      endpointId,
      outcome.isDelivered ? 'success' : 'failed',
      outcome.status,
      outcome.body,
      outcome.durationMs,
    ],
  );
  if (status === 'failed') await disableWhenLongFailing(client, projectId, endpointId);
}

/** An endpoint that has failed for days without taking anything is turned off with what waits for it: nobody is there any more. */
async function disableWhenLongFailing(client: Client, projectId: string, endpointId: string): Promise<void> {
  const { rowCount } = await client.query(
    `update "WebhookEndpoint" set "disabled" = true, "updatedAt" = now()
     where "projectId" = $1 and "id" = $2 and not "disabled" and now() - $3 * interval '1 day' > (
       select min(failed."createdAt") from "WebhookAttempt" failed
       where failed."projectId" = $1 and failed."endpointId" = $2 and failed."createdAt" > coalesce((
         select max(taken."createdAt") from "WebhookAttempt" taken
         where taken."projectId" = $1 and taken."endpointId" = $2 and taken."status" = 'success'), '-infinity'))`,
    [projectId, endpointId, failingDaysMax],
  );
  if (rowCount !== 1) return;
  await client.query(
    `update "WebhookDelivery" set "status" = 'failed', "nextAttemptAt" = null
     where "projectId" = $1 and "endpointId" = $2 and "status" = 'pending'`,
    [projectId, endpointId],
  );
  log('warn', 'webhook endpoint disabled: it took nothing for days', { endpoint: endpointId });
}

/** Removes old messages with their deliveries and attempts, a bounded number at a time until none is left. Answers how many. */
export async function removeOld({ pool }: Pick<Deliverer, 'pool'>, isStopping: () => boolean = () => false): Promise<number> {
  let removed = 0;
  while (!isStopping()) {
    const { rowCount } = await pool.query(
      `delete from "WebhookMessage" where ("projectId", "id") in (
         select "projectId", "id" from "WebhookMessage" where "createdAt" < now() - $1 * interval '1 day' limit $2)`,
      [keepDays, removedPerRoundMax],
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < removedPerRoundMax) break;
  }
  return removed;
}

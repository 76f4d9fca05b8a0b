import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { Webhook } from 'standardwebhooks';
import { errorFacts, log } from '../src/log.ts';
import { type Client, type Pool, transact } from '../worker/database.ts';
import { post } from './post.ts';
import { nextPauseMs } from './retry.ts';

const messagesPerRoundMax = 100;
export const deliveriesAtOnceMax = 10;
/** A claimed delivery whose process died is claimed again after this: told twice with the same id, never not at all. */
const leaseSeconds = 60;
const keepDays = 30;
const removedPerRoundMax = 1_000;
const failingDaysMax = 5;

export type Deliverer = { pool: Pool; isDevelopment: boolean };

/** Makes a delivery of each new message for each endpoint that wants its type. Answers how many messages were new. */
export async function fanOut({ pool }: Deliverer): Promise<number> {
  return transact(pool, async (client) => {
    const { rows } = await client.query<{ projectId: string; id: string }>(
      `select "projectId", "id" from "WebhookMessage" where "fannedOutAt" is null
       order by "createdAt", "id" limit $1 for update skip locked`,
      [messagesPerRoundMax],
    );
    if (rows.length === 0) return 0;
    const ids = rows.map(({ id }) => id);
    await client.query(
      `insert into "WebhookDelivery" ("projectId", "messageId", "endpointId", "status", "nextAttemptAt")
       select message."projectId", message."id", endpoint."id", 'pending', now()
       from "WebhookMessage" message join "WebhookEndpoint" endpoint on endpoint."projectId" = message."projectId"
       where message."id" = any($1) and not endpoint."disabled"
         and (cardinality(endpoint."filterTypes") = 0 or message."eventType" = any(endpoint."filterTypes"))
       on conflict do nothing`,
      [ids],
    );
    await client.query('update "WebhookMessage" set "fannedOutAt" = now() where "id" = any($1)', [ids]);
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

/** Delivers what is due, several at once. Answers how many attempts were made. */
export async function deliverDue(deliverer: Deliverer): Promise<number> {
  const { rows } = await deliverer.pool.query<Claimed>(
    `with due as (
       select "projectId", "messageId", "endpointId" from "WebhookDelivery"
       where "status" = 'pending' and "nextAttemptAt" <= now()
       order by "nextAttemptAt" limit $1 for update skip locked),
     claimed as (
       update "WebhookDelivery" delivery
       set "nextAttemptAt" = now() + $2 * interval '1 second', "attemptCount" = delivery."attemptCount" + 1
       from due where delivery."projectId" = due."projectId" and delivery."messageId" = due."messageId"
         and delivery."endpointId" = due."endpointId"
       returning delivery.*)
     select claimed."projectId", claimed."messageId", claimed."endpointId", claimed."attemptCount",
       endpoint."url", endpoint."secret", message."payload"
     from claimed
     join "WebhookEndpoint" endpoint on endpoint."projectId" = claimed."projectId" and endpoint."id" = claimed."endpointId"
     join "WebhookMessage" message on message."projectId" = claimed."projectId" and message."id" = claimed."messageId"`,
    [deliveriesAtOnceMax, leaseSeconds],
  );
  await Promise.all(rows.map((row) => attempt(deliverer, row)));
  return rows.length;
}

async function attempt({ pool, isDevelopment }: Deliverer, claimed: Claimed): Promise<void> {
  const began = performance.now();
  const body = JSON.stringify(claimed.payload);
  const answer = await post(claimed.url, signedHeaders(claimed, body, new Date()), body, isDevelopment).catch((error: unknown) => ({
    status: 0,
    body: error instanceof Error ? error.message : String(error),
  }));
  const isDelivered = answer.status >= 200 && answer.status < 300;
  const durationMs = Math.round(performance.now() - began);
  if (!isDelivered)
    log('info', 'webhook not delivered', { message: claimed.messageId, attempt: claimed.attemptCount, status: answer.status });
  await transact(pool, (client) => record(client, claimed, { ...answer, isDelivered, durationMs }));
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

/** An endpoint that took nothing for days is turned off: nobody is there any more. */
async function disableWhenLongFailing(client: Client, projectId: string, endpointId: string): Promise<void> {
  const { rowCount } = await client.query(
    `update "WebhookEndpoint" set "disabled" = true, "updatedAt" = now()
     where "projectId" = $1 and "id" = $2 and not "disabled" and "createdAt" < now() - $3 * interval '1 day'
       and not exists (
         select from "WebhookAttempt" attempt where attempt."projectId" = $1 and attempt."endpointId" = $2
           and attempt."status" = 'success' and attempt."createdAt" > now() - $3 * interval '1 day')`,
    [projectId, endpointId, failingDaysMax],
  );
  if (rowCount === 1) log('warn', 'webhook endpoint disabled: it took nothing for days', { endpoint: endpointId });
}

/** Removes old messages with their deliveries and attempts, a bounded number at a time. Answers how many. */
export async function removeOld({ pool }: Deliverer): Promise<number> {
  const { rowCount } = await pool
    .query(
      `delete from "WebhookMessage" where ("projectId", "id") in (
       select "projectId", "id" from "WebhookMessage" where "createdAt" < now() - $1 * interval '1 day' limit $2)`,
      [keepDays, removedPerRoundMax],
    )
    .catch((error: unknown) => {
      log('warn', 'old webhook messages could not be removed', errorFacts(error));
      return { rowCount: 0 };
    });
  return rowCount ?? 0;
}

import type { Deliverer } from './deliver.ts';

const countedMax = 100_000;

/** How deliveries go, for Prometheus. What waits is counted up to a limit. */
export async function metricsText({ pool, attempts, lanes }: Deliverer): Promise<string> {
  const { rows } = await pool.query<{ pending: number; unsent: number; lag: number }>(
    `select
       (select count(*)::int from (select from "WebhookDelivery" where "status" = 'pending' limit $1) counted) as pending,
       (select count(*)::int from (select from "WebhookMessage" where "fannedOutAt" is null limit $1) counted) as unsent,
       (select coalesce(extract(epoch from now() - min("nextAttemptAt")), 0)::float8 from "WebhookDelivery"
        where "status" = 'pending' and "nextAttemptAt" <= now()) as lag`,
    [countedMax],
  );
  const { pending = 0, unsent = 0, lag = 0 } = rows[0] ?? {};
  return [
    '# TYPE legacy_webhook_attempts_total counter',
    ...Object.entries(attempts).map(([outcome, count]) => `legacy_webhook_attempts_total{outcome="${outcome}"} ${count}`),
    '# TYPE legacy_webhook_deliveries_pending gauge',
    `legacy_webhook_deliveries_pending ${pending}`,
    '# TYPE legacy_webhook_messages_waiting gauge',
    `legacy_webhook_messages_waiting ${unsent}`,
    '# TYPE legacy_webhook_lag_seconds gauge',
    `legacy_webhook_lag_seconds ${lag}`,
    '# TYPE legacy_webhook_endpoints_silent gauge',
    `legacy_webhook_endpoints_silent ${lanes.suspects().length}`,
    '',
  ].join('\n');
}

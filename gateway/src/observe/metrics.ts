import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/** Every metric of the gateway. Label values are bounded: routes are the plan's, never paths. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'gw_requests_total',
      help: 'Requests answered',
      labelNames: ['route', 'method', 'class', 'upstream', 'why'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'gw_request_seconds',
      help: 'Time from arrival to the end of the answer',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    }),
    upstreamSeconds: new Histogram({
      name: 'gw_upstream_seconds',
      help: 'Time until an upstream sent its headers',
      labelNames: ['upstream'],
      buckets: seconds,
      registers,
    }),
    inFlight: new Gauge({ name: 'gw_inflight', help: 'Requests under way', registers }),
    rejects: new Counter({ name: 'gw_rejects_total', help: 'Requests the gateway refused itself', labelNames: ['step', 'why'], registers }),
    decisions: new Counter({
      name: 'gw_decisions_total',
      help: 'Decisions for slice routes',
      labelNames: ['slice', 'kind', 'why'],
      registers,
    }),
    held: new Gauge({ name: 'gw_held', help: 'Requests waiting for their unit', labelNames: ['queue'], registers }),
    heldSeconds: new Histogram({
      name: 'gw_held_seconds',
      help: 'Time a held request waited',
      labelNames: ['slice'],
      buckets: seconds,
      registers,
    }),
    heldDropped: new Counter({ name: 'gw_held_dropped_total', help: 'Held requests whose client left', labelNames: ['slice'], registers }),
    notExecuted: new Counter({
      name: 'gw_not_executed_total',
      help: 'Writes an upstream refused as not its own and that were decided again',
      labelNames: ['slice', 'upstream'],
      registers,
    }),
    retries: new Counter({ name: 'gw_retry_total', help: 'Reads sent again after a stale socket', labelNames: ['upstream'], registers }),
    shadow: new Counter({ name: 'gw_shadow_total', help: 'Shadow observations by result', labelNames: ['slice', 'result'], registers }),
    diffPaths: new Counter({
      name: 'gw_diff_paths_total',
      help: 'JSON paths that differed in a mismatch',
      labelNames: ['slice', 'path'],
      registers,
    }),
    epoch: new Gauge({ name: 'gw_epoch', help: 'Epoch of a unit, as last read', labelNames: ['slice'], registers }),
    flagsAge: new Gauge({ name: 'gw_flags_age_seconds', help: 'Age of the last answer of Unleash', registers }),
    ledgerLost: new Gauge({ name: 'gw_lease_lost_seconds', help: 'Time since the ledger lease ended; 0 while it stands', registers }),
  };
}

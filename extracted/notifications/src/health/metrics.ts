import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** Every figure of the service, in a registry of its own: several may live in one process. */
export function createMetrics(read: { keysAgeMs(): number }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'notifications_request_seconds',
      help: 'Requests below /api, by method and class of status.',
      labelNames: ['method', 'class'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    notExecuted: new Counter({
      name: 'notifications_not_executed_total',
      help: 'Writes the fence refused; nothing was changed.',
      labelNames: ['why'] as const,
      registers,
    }),
    mails: new Counter({
      name: 'notifications_mails_total',
      help: 'Attempts to send a mail, by how they ended.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    inbox: new Counter({
      name: 'notifications_inbox_total',
      help: 'Requests and events of the legacy that were acted on.',
      labelNames: ['source', 'result'] as const,
      registers,
    }),
    workerNotMine: new Counter({
      name: 'notifications_worker_not_mine_total',
      help: 'Worker steps the fence refused: the slice is not owned here.',
      labelNames: ['loop'] as const,
      registers,
    }),
    readThrough: new Counter({
      name: 'notifications_read_through_total',
      help: 'Look-ups of users: fresh from the projection, or asked of their owner.',
      labelNames: ['result'] as const,
      registers,
    }),
    keysAge: new Gauge({
      name: 'notifications_signing_keys_age_seconds',
      help: 'Age of the oldest set of signing keys in use.',
      registers,
      collect() {
        this.set(read.keysAgeMs() / 1000);
      },
    }),
  };
}

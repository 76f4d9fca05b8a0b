import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Side } from '@atlas/contracts/ledger';
import { type Listening, listen } from '@atlas/kit/http';
import type { Logger } from '@atlas/kit/logger';
import { createPool } from '@atlas/kit/postgres';
import { adminApp } from './admin/routes.ts';
import type { Config } from './config.ts';
import { ConnectClient } from './connect/client.ts';
import { FlowRunner } from './flow-runner.ts';
import { flowsOf } from './flows.ts';
import { slices } from './slices.ts';
import { createKafka } from './stream/kafka.ts';

/** The whole process: every flow of every slice, and the admin port. What is down is waited for; the admin port answers from the start. */
export function createApp({ config, log }: { config: Config; log: Logger }): {
  start(): Promise<void>;
  stop(): Promise<void>;
  log: Logger;
} {
  const urls: Record<Side, string> = { legacy: config.legacyUrl, extracted: config.extractedUrl };
  const pool = (side: Side) => createPool(urls[side], { name: 'cdc', max: 12, log, statementTimeoutMs: 60_000 });
  const databases = { legacy: pool('legacy'), extracted: pool('extracted') };
  const kafka = createKafka(config.kafkaBrokers.split(','), log);
  const connect = new ConnectClient(config.connectUrl);
  const isDevelopment = config.environment === 'development';
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  const runners = slices.flatMap(flowsOf).map(
    (flow) =>
      new FlowRunner({
        flow,
        source: databases[flow.source],
        target: databases[flow.target],
        sourceUrl: urls[flow.source],
        targetUrl: urls[flow.target],
        sourcePassword: config.sourcePassword,
        kafka,
        connect,
        holder,
        hasMutants: isDevelopment,
        lagMsMax: config.unhealthyLagMs,
        clock: Date.now,
        log,
      }),
  );
  const admin = adminApp({
    runners: new Map(runners.map((runner) => [runner.flow.id, runner])),
    databases,
    hasFailpoints: isDevelopment,
    log,
  });
  let listening: Listening | null = null;
  return {
    log,
    start: async () => {
      listening = await listen(admin, { port: config.port });
      for (const runner of runners) runner.start();
      log.info({ url: listening.url, flows: runners.map((runner) => runner.flow.id) }, 'cdc started');
    },
    stop: async () => {
      await listening?.close();
      await Promise.all(runners.map((runner) => runner.stop()));
      await Promise.all([databases.legacy.end(), databases.extracted.end()]);
    },
  };
}

import { dirname, join } from 'node:path';
import { createFlagClient } from '@atlas/flags/client';
import { createLedgerClient } from '@atlas/kit/ledger';
import { createLogger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { readConfig } from './config.ts';
import { Gateway } from './gateway.ts';
import { createPostgresSource } from './watermark/postgres-source.ts';

const log = createLogger('gateway');
const config = readConfig(process.env);
const ledger = createLedgerClient({
  databaseUrl: config.controlDatabaseUrl,
  gatewayId: config.id,
  url: `http://${config.adminHost}:${config.adminPort}`,
  snapshotFile: config.snapshotFile,
  log,
});
const flags = createFlags();
const source = createPostgresSource({
  slice: 'notifications',
  legacyUrl: config.legacyDatabaseUrl,
  extractedUrl: config.notificationsDatabaseUrl,
  log,
});
const gateway = new Gateway({ config, ledger, flags, source, log });

await runUntilSignal({
  log,
  start: async () => void (await gateway.start()),
  stop: async () => {
    await gateway.stop();
    await source.close();
  },
});

/** Without Unleash configured nothing limits the ledger's split. */
function createFlags() {
  if (config.unleashUrl === undefined || config.unleashToken === undefined) {
    return { splitPercent: () => null, ageMs: () => Number.POSITIVE_INFINITY, start: async () => {}, stop: async () => {} };
  }
  const client = createFlagClient({
    url: config.unleashUrl,
    token: config.unleashToken,
    appName: 'gateway',
    log,
    snapshotFile: join(dirname(config.snapshotFile), 'gateway-flags.json'),
  });
  return {
    splitPercent: (slice: string) => client.readWanted(slice)?.split ?? null,
    ageMs: () => client.ageMs(),
    start: () => client.start(),
    stop: () => client.stop(),
  };
}

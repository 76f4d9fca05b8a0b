import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Evidence } from '@atlas/contracts/ledger';
import type { Wanted } from '@atlas/flags/wanted';
import { listen } from '@atlas/kit/http';
import { createLedgerClient, type LedgerClient } from '@atlas/kit/ledger';
import { createLogger } from '@atlas/kit/logger';
import express from 'express';
import { type OpenPlane, openPlane } from '../src/open-plane.ts';
import { readMigrateSettings } from '../src/settings.ts';
import { createDatabases, type Databases } from './databases.ts';
import { type FakeCdc, startFakeCdc } from './fake-cdc.ts';

export const log = createLogger('migrate-test', process.env['LOG_LEVEL'] ?? 'silent');

const plan = `
\`\`\`yaml
atlas:
  maxBlindSeconds: 600
  unsliced: []
\`\`\`
\`\`\`yaml
slice: notifications
upstream: notifications
stickiness: user
routes:
  - GET /emails/outbox read
canary: { steps: [25, 100], stepSeconds: 1 }
shadow: { samplePercent: 100, minSamples: 1, maxMismatchPercent: 0, windowSeconds: 1 }
parity: { maxAgeSeconds: 60, maxRowsChanged: 1000 }
lag: { maxMs: 250, maxMsP99: 500 }
load: { p99MsMax: 500, errorRateMax: 0, maxAgeSeconds: 600 }
pact: { maxAgeSeconds: 600 }
move: { holdMsMax: 15000, heldRequestsMax: 100, heldBytesMax: 1048576 }
\`\`\`
`;

/** A control plane's whole neighbourhood: real databases, a real gateway lease, a fake cdc, and two sides that say which build they are. */
export type Neighbourhood = {
  databases: Databases;
  cdc: FakeCdc;
  gateway: LedgerClient;
  env: Record<string, string>;
  flags: { wanted: Wanted | null };
  open(): Promise<OpenPlane>;
  close(): Promise<void>;
};

export async function createNeighbourhood(): Promise<Neighbourhood> {
  const databases = await createDatabases();
  const cdc = await startFakeCdc(databases.admin);
  const folder = await mkdtemp(join(tmpdir(), 'atlas-migrate-'));
  const planFile = join(folder, 'plan.md');
  await writeFile(planFile, plan);
  const builds = await listen(buildsApi(), { port: 0 });
  const env = {
    MIGRATE_DATABASE_URL: databases.control.urlAs('migrate'),
    MIGRATE_LEGACY_DATABASE_URL: databases.sides.legacy.urlAs('strangler_fencer'),
    MIGRATE_NOTIFICATIONS_DATABASE_URL: databases.sides.extracted.urlAs('strangler_fencer'),
    MIGRATE_CDC_URL: cdc.url,
    MIGRATE_LEGACY_URL: builds.url,
    MIGRATE_NOTIFICATIONS_URL: builds.url,
    MIGRATE_SERVICE_TOKEN: 'token',
    MIGRATE_PLAN: planFile,
    LOG_LEVEL: 'silent',
  };
  const flags: { wanted: Wanted | null } = { wanted: null };
  const open = () =>
    openPlane(readMigrateSettings(env), { log, flags: { readWanted: () => flags.wanted, ageMs: () => 0 }, poke: () => {} });
  // The first control plane makes the schema; a gateway registers after it.
  await (await open()).close();
  const gateway = createLedgerClient({
    databaseUrl: databases.control.urlAs('gateway'),
    gatewayId: 'g1',
    url: 'http://127.0.0.1:1',
    log,
  });
  gateway.onChange(() => gateway.setDrained(gateway.view()?.revision ?? 0n));
  await gateway.start();
  const close = async () => {
    await gateway.stop();
    await Promise.all([cdc.close(), builds.close()]);
    await databases.drop();
    await rm(folder, { recursive: true });
  };
  return { databases, cdc, gateway, env, flags, open, close };
}

function buildsApi() {
  const app = express();
  app.get('/service/version', (_req, res) => void res.json({ content: 'legacy-build' }));
  app.get('/readyz', (_req, res) => void res.json({ ready: true, content: 'service-build' }));
  return app;
}

/** Evidence that the gates of a cutover ask for, fresh and good. */
export function goodEvidence(): Evidence[] {
  const takenAt = new Date().toISOString();
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const of = (kind: Evidence['kind'], value: Record<string, unknown>): Evidence => ({
    kind,
    subject: 'notifications',
    verdict: 'pass',
    value,
    takenAt,
    expiresAt,
  });
  return [
    of('shadow', { samples: 50, mismatches: 0 }),
    of('pact', { legacyContent: 'legacy-build', extractedContent: 'service-build' }),
    of('load', { p99Ms: 40, errorRate: 0 }),
  ];
}

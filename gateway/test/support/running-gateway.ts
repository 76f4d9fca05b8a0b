import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerClient } from '@atlas/kit/ledger';
import { createLogger } from '@atlas/kit/logger';
import { readConfig } from '../../src/config.ts';
import { Gateway } from '../../src/gateway.ts';
import type { GatewayDeps } from '../../src/parts.ts';
import type { PositionSource } from '../../src/watermark/positions.ts';
import { type FakeUpstream, fakeUpstream } from './fake-upstream.ts';

export const testerSecret = 'a secret of the testers';

export type RunningGateway = {
  url: string;
  adminUrl: string;
  port: number;
  legacy: FakeUpstream;
  extracted: FakeUpstream;
  stopGateway(): Promise<void>;
  close(): Promise<void>;
};

/** A source that always answers at once: everything is applied. */
export const allApplied: PositionSource = {
  position: async () => 1_000n,
  applied: async () => ({ incarnation: 1, lsn: 1_000n, blockedTenants: 0 }),
};

/** The whole gateway between two fake sides, on free ports. */
export async function runningGateway(
  ledger: LedgerClient,
  options: { env?: Record<string, string>; source?: PositionSource; flags?: GatewayDeps['flags']; random?: () => number } = {},
): Promise<RunningGateway> {
  const [legacy, extracted] = await Promise.all([fakeUpstream('legacy'), fakeUpstream('extracted')]);
  const state = await mkdtemp(join(tmpdir(), 'gateway-'));
  const config = readConfig({
    ATLAS_ENVIRONMENT: 'development',
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_CONTROL_DATABASE_URL: 'unused',
    GATEWAY_LEGACY_DATABASE_URL: 'unused',
    GATEWAY_NOTIFICATIONS_DATABASE_URL: 'unused',
    GATEWAY_LEGACY_URL: legacy.url,
    GATEWAY_NOTIFICATIONS_URL: extracted.url,
    GATEWAY_SNAPSHOT_FILE: join(state, 'snapshot.json'),
    GATEWAY_TESTER_SECRET: testerSecret,
    GATEWAY_DRAIN_GRACE_MS: '0',
    ...options.env,
  });
  const noFlags = { splitPercent: () => null, ageMs: () => 0, start: async () => {}, stop: async () => {} };
  const gateway = new Gateway({
    config,
    ledger,
    flags: options.flags ?? noFlags,
    source: options.source ?? allApplied,
    log: createLogger('gateway', 'silent'),
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  const { url, adminUrl } = await gateway.start();
  return {
    url,
    adminUrl,
    port: Number(new URL(url).port),
    legacy,
    extracted,
    stopGateway: () => gateway.stop(),
    close: async () => {
      await gateway.stop();
      await Promise.all([legacy.close(), extracted.close()]);
      await rm(state, { recursive: true });
    },
  };
}

/** Sends bytes as they are and answers all that comes back until the other end closes or falls silent. */
export function rawRequest(port: number, bytes: string, silentMs = 300): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.setTimeout(silentMs, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

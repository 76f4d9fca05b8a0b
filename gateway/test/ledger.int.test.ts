import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLedgerClient } from '@atlas/kit/ledger';
import { createLogger } from '@atlas/kit/logger';
import { createPool, type Pool } from '@atlas/kit/postgres';
import { freePort, type TestDatabase, waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { controlDatabase } from './support/control-database.ts';
import { type RunningGateway, runningGateway } from './support/running-gateway.ts';

const log = createLogger('gateway', 'silent');
let control: TestDatabase;
let pool: Pool;
let folder: string;
let gateway: RunningGateway | undefined;

beforeEach(async () => {
  control = await controlDatabase('legacy');
  pool = createPool(control.url, { name: 'test' });
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await pool.end();
  await control.drop();
  await rm(folder, { recursive: true });
});

const start = (databaseUrl: string) =>
  runningGateway(
    createLedgerClient({ databaseUrl, gatewayId: 'g1', url: 'http://127.0.0.1:1', snapshotFile: join(folder, 'snapshot.json'), log }),
    {
      env: { UNLEASH_URL: 'http://127.0.0.1:1', UNLEASH_TOKEN: 'x' },
    },
  );

async function change(set: string): Promise<bigint> {
  const { rows } = await pool.query<{ revision: bigint }>(
    `with unit as (update migrate.unit set ${set}, version = version + 1) update migrate.ledger set revision = revision + 1 returning revision`,
  );
  const revision = rows[0]?.revision ?? 0n;
  await pool.query(`select pg_notify('migrate_ledger', $1)`, [revision.toString()]);
  return revision;
}

async function acknowledged(): Promise<{ seen_revision: bigint; drained_revision: bigint } | undefined> {
  const { rows } = await pool.query<{ seen_revision: bigint; drained_revision: bigint }>(
    'select seen_revision, drained_revision from migrate.gateway_lease',
  );
  return rows[0];
}

const post = (to: RunningGateway) => fetch(`${to.url}/api/v1/emails/send-email`, { method: 'POST', body: '{}' });

test('a hold is obeyed, seen and drained; a write that comes meanwhile goes to the new owner', async () => {
  const here = await start(control.url);
  gateway = here;
  let finish: () => void = () => {};
  here.legacy.handle((_seen, res) => {
    finish = () => res.end('{}');
  });
  const slow = post(here);
  await waitFor('in flight', () => here.legacy.seen.length === 1);
  const held = await change(`move = 'holding'`);
  await waitFor('seen', async () => ((await acknowledged())?.seen_revision ?? 0n) >= held);
  expect((await acknowledged())?.drained_revision).toBeLessThan(held);
  const waiting = post(here);
  finish();
  expect((await slow).status).toBe(200);
  await waitFor('drained', async () => ((await acknowledged())?.drained_revision ?? 0n) >= held);
  await change(`move = 'committed', owner = 'extracted', phase = 'extracted', epoch = 2`);
  await change(`reads = 'extracted'`);
  await change('move = null');
  expect(await (await waiting).json()).toEqual({ from: 'extracted' });
  expect(here.legacy.seen).toHaveLength(1);
});

test('a cold start with the control database and Unleash away routes by the disk snapshot: reads and writes go to the service', async () => {
  await change(`owner = 'extracted', reads = 'extracted', phase = 'extracted', epoch = 7`);
  const first = await start(control.url);
  await first.close();
  const here = await start(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
  gateway = here;
  expect((await fetch(`${here.adminUrl}/readyz`)).status).toBe(200);
  const read = await fetch(`${here.url}/api/v1/emails/outbox`);
  expect([await read.json(), await (await post(here)).json()]).toEqual([{ from: 'extracted' }, { from: 'extracted' }]);
  expect(here.extracted.seen.map((seen) => seen.headers['x-gw-epoch'])).toEqual(['notifications=7', 'notifications=7']);
});

test('a cold start from a snapshot of a move holds reads and writes until the ledger is back', async () => {
  await change(`move = 'holding'`);
  const first = await start(control.url);
  await first.close();
  const here = await start(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
  gateway = here;
  void post(here).catch(() => {});
  void fetch(`${here.url}/api/v1/emails/outbox`).catch(() => {});
  await waitFor('both held', async () => {
    const state = await (await fetch(`${here.adminUrl}/state`)).text();
    return state.match(/"requests": 1/g)?.length === 2;
  });
  expect((await fetch(`${here.url}/api/v1/users/me`)).status).toBe(200);
  expect(here.legacy.seen.map((seen) => seen.url)).toEqual(['/api/v1/users/me']);
  for (const side of [here.legacy, here.extracted]) side.server.closeAllConnections();
}, 40_000);

test('while the control database is away a running gateway goes on, and obeys again when it is back', async () => {
  const here = await start(control.url);
  gateway = here;
  await pool.query('alter table migrate.gateway_lease rename to gone');
  await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gateway g1'`);
  await waitFor('lease lost', async () => (await (await fetch(`${here.adminUrl}/state`)).text()).includes('"isLeased": false'));
  expect(await (await post(here)).json()).toEqual({ from: 'legacy' });
  await change(`owner = 'extracted', reads = 'extracted', phase = 'extracted', epoch = 2`);
  await pool.query('alter table migrate.gone rename to gateway_lease');
  await waitFor('obeys', async () => ((await (await post(here)).json()) as { from: string }).from === 'extracted');
});

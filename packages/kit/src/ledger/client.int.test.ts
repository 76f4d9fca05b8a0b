import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../logger.ts';
import { createPool, type Pool } from '../postgres.ts';
import { createTestDatabase, type TestDatabase, waitFor } from '../testing.ts';
import { createLedgerClient, type LedgerClient } from './client.ts';

const log = createLogger('test', 'silent');
let database: TestDatabase;
let pool: Pool;
let folder: string;
let clients: LedgerClient[];

beforeEach(async () => {
  database = await createTestDatabase('ledger');
  pool = createPool(database.url, { name: 'test' });
  await pool.query(await readFile(new URL('../../../migrate/sql/001-ledger.sql', import.meta.url), 'utf8'));
  await pool.query(
    `insert into migrate.unit (slice, tenant, phase, owner, reads, epoch) values ('notifications', '*', 'legacy', 'legacy', 'legacy', 1)`,
  );
  folder = await mkdtemp(join(tmpdir(), 'atlas-ledger-'));
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function gateway(options: { id?: string; databaseUrl?: string } = {}): Promise<LedgerClient> {
  const client = createLedgerClient({
    databaseUrl: options.databaseUrl ?? database.url,
    gatewayId: options.id ?? 'g1',
    url: 'http://127.0.0.1:1',
    snapshotFile: join(folder, 'snapshot.json'),
    log,
  });
  clients.push(client);
  await client.start();
  return client;
}

async function hold(): Promise<bigint> {
  const { rows } = await pool.query<{ revision: bigint }>(`
    with u as (update migrate.unit set move = 'holding', version = version + 1)
    update migrate.ledger set revision = revision + 1 returning revision`);
  await pool.query(`select pg_notify('migrate_ledger', $1)`, [String(rows[0]?.revision)]);
  return rows[0]?.revision ?? 0n;
}

async function lease(id = 'g1') {
  const { rows } = await pool.query(
    'select seen_revision, drained_revision, lease_until > now() as valid from migrate.gateway_lease where id = $1',
    [id],
  );
  return rows[0];
}

test('a change of the ledger is obeyed before it is acknowledged', async () => {
  const client = await gateway();
  expect(client.isLeased()).toBe(true);
  const revision = await hold();
  await waitFor('acknowledged', async () => (await lease())?.seen_revision === revision);
  expect(client.view()?.units[0]?.move).toBe('holding');
  client.setDrained(revision);
  await waitFor('drained', async () => (await lease())?.drained_revision === revision);
});

test('without the control database the last view stands and the lease ends', async () => {
  const client = await gateway();
  const before = client.view();
  await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gateway g1'`);
  await pool.query('alter table migrate.gateway_lease rename to gone');
  await waitFor('lease lost', () => client.leaseLostMs() > 0);
  expect(client.view()?.units).toEqual(before?.units);
  await expect(client.refresh()).rejects.toThrow(/LEDGER_UNAVAILABLE|gateway_lease/);
  await pool.query('alter table migrate.gone rename to gateway_lease');
  await waitFor('leased again', () => client.isLeased());
});

test('a cold start without the control database obeys the disk snapshot, unleased', async () => {
  const first = await gateway();
  await hold();
  await waitFor('seen', () => first.view()?.units[0]?.move === 'holding');
  await first.stop();
  const cold = await gateway({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
  expect(cold.view()?.units[0]).toMatchObject({ move: 'holding', epoch: 1n });
  expect(cold.isLeased()).toBe(false);
});

test('a second gateway with the id of a live one gets no lease', async () => {
  await gateway();
  const twin = await gateway();
  expect(twin.isLeased()).toBe(false);
  expect((await lease())?.valid).toBe(true);
});

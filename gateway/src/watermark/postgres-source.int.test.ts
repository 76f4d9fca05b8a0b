import { createLogger } from '@atlas/kit/logger';
import { createPool, type Pool } from '@atlas/kit/postgres';
import { createTestDatabase, type TestDatabase } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseLsn } from './lsn.ts';
import { createPostgresSource } from './postgres-source.ts';

const log = createLogger('test', 'silent');
let database: TestDatabase;
let pool: Pool;
let source: ReturnType<typeof createPostgresSource>;

// The signatures that `cdc migrate` gives both databases; the bodies are the test's.
const stranglerSql = `
  create schema strangler;
  create table strangler.state (incarnation int, applied_lsn text, blocked int);
  insert into strangler.state values (3, null, 0);
  create function strangler.position() returns text language sql as 'select pg_current_wal_insert_lsn()::text';
  create function strangler.applied(flow text) returns table (incarnation int, applied_lsn text, blocked int, watermark_at timestamptz)
    language sql as 'select incarnation, applied_lsn, blocked, now() from strangler.state where flow = ''f.notifications''';
  grant usage on schema strangler to strangler_reader;
  grant select on strangler.state to strangler_reader;`;

beforeEach(async () => {
  database = await createTestDatabase('positions');
  pool = createPool(database.url, { name: 'test' });
  await pool.query(stranglerSql);
  const url = database.urlAs('strangler_reader');
  source = createPostgresSource({ slice: 'notifications', legacyUrl: url, extractedUrl: url, log });
});
afterEach(async () => {
  await source.close();
  await pool.end();
  await database.drop();
});

test('the position grows with what is written', async () => {
  const before = await source.position();
  await pool.query('create table t as select generate_series(1, 100)');
  expect(await source.position()).toBeGreaterThan(before);
});

test('what is applied is read with its incarnation; nothing applied yet is before everything', async () => {
  expect(await source.applied()).toEqual({ incarnation: 3, lsn: -1n, blockedTenants: 0 });
  await pool.query(`update strangler.state set applied_lsn = '1/A', blocked = 2`);
  expect(await source.applied()).toEqual({ incarnation: 3, lsn: parseLsn('1/A'), blockedTenants: 2 });
});

test('a flow the database does not know has no position', async () => {
  const other = createPostgresSource({ slice: 'teams', legacyUrl: database.url, extractedUrl: database.url, log });
  await expect(other.applied()).rejects.toThrow(/no position/);
  await other.close();
});

test('an answer that takes too long is none', async () => {
  await pool.query(`create or replace function strangler.position() returns text language sql as 'select pg_sleep(5)::text'`);
  const startedMs = performance.now();
  await expect(source.position()).rejects.toThrow();
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

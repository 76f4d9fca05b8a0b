import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool, type Pool } from './postgres.ts';
import { applyMigrations } from './prisma-migrations.ts';
import { createTestDatabase, type TestDatabase } from './testing.ts';

let database: TestDatabase;
let folder: string;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase('migrations');
  pool = createPool(database.url, { name: 'test' });
  folder = await mkdtemp(join(tmpdir(), 'atlas-migrations-'));
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function migration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

test('migrations are applied once, by name, and recorded as Prisma does', async () => {
  await migration('20260102_b', 'alter table thing add column n int');
  await migration('20260101_a', 'create table thing (id int primary key)');
  expect(await applyMigrations({ databaseUrl: database.url, folder })).toEqual(['20260101_a', '20260102_b']);
  expect(await applyMigrations({ databaseUrl: database.url, folder })).toEqual([]);
  const { rows } = await pool.query(
    'select migration_name, applied_steps_count, length(checksum) as checksum from "_prisma_migrations" order by 1',
  );
  expect(rows).toEqual([
    { migration_name: '20260101_a', applied_steps_count: 1, checksum: 64 },
    { migration_name: '20260102_b', applied_steps_count: 1, checksum: 64 },
  ]);
});

test('a migration that fails leaves nothing behind and stops the run', async () => {
  await migration('1_bad', 'create table half (id int); select no_such_function()');
  await expect(applyMigrations({ databaseUrl: database.url, folder })).rejects.toThrow(/1_bad failed/);
  const { rows } = await pool.query(`select to_regclass('half') as half`);
  expect(rows).toEqual([{ half: null }]);
});

test('an applied migration that was edited since is refused', async () => {
  await migration('1_a', 'create table a (id int)');
  await applyMigrations({ databaseUrl: database.url, folder });
  await migration('1_a', 'create table a (id bigint)');
  await expect(applyMigrations({ databaseUrl: database.url, folder })).rejects.toThrow(/was changed after it was applied/);
});

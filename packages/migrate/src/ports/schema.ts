import { readdir, readFile } from 'node:fs/promises';
import { type Pool, transact } from '@atlas/kit/postgres';

const folder = new URL('../../sql/', import.meta.url);
const schemaLock = 7_266_001;

/** Applies `packages/migrate/sql/*.sql` in order, each once, under an advisory lock. Answers the names applied now. */
export async function applySchema(pool: Pool): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return transact(pool, async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [schemaLock]);
    await tx.query('create schema if not exists migrate');
    await tx.query('create table if not exists migrate.schema_file (name text primary key, applied_at timestamptz not null default now())');
    const { rows } = await tx.query<{ name: string }>('select name from migrate.schema_file');
    const done = new Set(rows.map((row) => row.name));
    const due = names.filter((name) => !done.has(name));
    for (const name of due) {
      await tx.query(await readFile(new URL(name, folder), 'utf8'));
      await tx.query('insert into migrate.schema_file (name) values ($1)', [name]);
    }
    return due;
  });
}

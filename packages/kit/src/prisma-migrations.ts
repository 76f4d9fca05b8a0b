import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorText } from './errors.ts';
import { openSession, type Queryable } from './postgres.ts';

// The table and the checksum (SHA-256 of the file, hex) are those of `prisma migrate deploy`, so that both tools agree on one database.
const createTable = `create table if not exists "_prisma_migrations" (
  id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null,
  logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;
/** The advisory lock Prisma itself takes for migrations. */
const prismaLock = 72_707_369;

/**
 * Applies the migrations of a Prisma folder (`<folder>/<name>/migration.sql`, by name) that the database lacks; answers their names.
 * Each one and its record are one transaction. Throws when an applied one was edited since, or when one fails (nothing of it stays).
 */
export async function applyMigrations(options: { databaseUrl: string; folder: string }): Promise<string[]> {
  const session = await openSession(options.databaseUrl, { name: 'prisma-migrations' });
  try {
    await session.query('select pg_advisory_lock($1)', [prismaLock]);
    await session.query(createTable);
    const applied = await readApplied(session);
    const names: string[] = [];
    for (const migration of await readFolder(options.folder)) {
      const known = applied.get(migration.name);
      if (known === undefined) {
        await applyOne(session, migration);
        names.push(migration.name);
      } else if (known !== migration.checksum) {
        throw new AppError('CONFIG_INVALID', { message: `migration ${migration.name} was changed after it was applied; write a new one` });
      }
    }
    return names;
  } finally {
    await session.close();
  }
}

type Migration = { name: string; sql: string; checksum: string };

async function readFolder(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function readApplied(session: Queryable): Promise<Map<string, string>> {
  const { rows } = await session.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from "_prisma_migrations" where finished_at is not null and rolled_back_at is null',
  );
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function applyOne(session: Queryable, migration: Migration): Promise<void> {
  try {
    await session.query('begin');
    await session.query(migration.sql);
    await session.query(
      'insert into "_prisma_migrations" (id, checksum, finished_at, migration_name, started_at, applied_steps_count) values ($1, $2, now(), $3, now(), 1)',
      [randomUUID(), migration.checksum, migration.name],
    );
    await session.query('commit');
  } catch (error) {
    await session.query('rollback');
    throw new AppError('CONFIG_INVALID', { message: `migration ${migration.name} failed` }, error);
  }
}

async function main(): Promise<void> {
  const [folder, urlName] = process.argv.slice(2);
  const databaseUrl = urlName === undefined ? undefined : process.env[urlName];
  if (folder === undefined || databaseUrl === undefined) {
    process.stderr.write('usage: prisma-migrations.ts <migrations folder> <name of the variable that holds the database URL>\n');
    process.exit(2);
  }
  const names = await applyMigrations({ databaseUrl, folder });
  process.stderr.write(names.length === 0 ? 'nothing to apply\n' : `applied ${names.join(', ')}\n`);
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(1);
  });
}

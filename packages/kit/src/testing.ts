import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import pg from 'pg';
import { inject } from 'vitest';
import { AppError } from './errors.ts';

/** A database of a test's own. `url` and `adminUrl` are the superuser's; `urlAs('legacy_app')` is another role's. */
export type TestDatabase = { name: string; url: string; adminUrl: string; urlAs(role: string): string; drop(): Promise<void> };

/** URL of the PostgreSQL server that the global set-up started for this run (superuser, database `postgres`). */
export function postgresUrl(): string {
  return inject('postgresUrl');
}

/**
 * Makes a database on the run's server: empty, or a copy of `template`, with the roles of the stack and their default privileges.
 * Drop it when done.
 */
export async function createTestDatabase(name = 'test', template?: string): Promise<TestDatabase> {
  const database = `${name}_${randomBytes(5).toString('hex')}`;
  await withClient(postgresUrl(), (client) =>
    client.query(`create database ${database}${template === undefined ? '' : ` template ${template}`}`),
  );
  const url = withDatabase(postgresUrl(), database);
  await withClient(url, (client) => client.query(defaultPrivileges));
  return {
    name: database,
    url,
    adminUrl: url,
    urlAs: (role) => {
      const as = new URL(url);
      as.username = role;
      as.password = 'atlas';
      return as.toString();
    },
    drop: () => withClient(postgresUrl(), (client) => client.query(`drop database if exists ${database} with (force)`)),
  };
}

/**
 * The name of a database that `fill` made once for this run's server, to be copied by `createTestDatabase`. `fill` gets its URL and
 * leaves no connection open. Files that ask at the same time wait for the first.
 */
export async function templateDatabase(name: string, fill: (url: string) => Promise<void>): Promise<string> {
  await withClient(postgresUrl(), async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [name]);
    if (rowCount === 1) return;
    await client.query(`drop database if exists ${name}`);
    await client.query(`create database ${name}`);
    const url = withDatabase(postgresUrl(), name);
    await withClient(url, (filling) => filling.query(defaultPrivileges));
    await fill(url);
    await client.query(`alter database ${name} with is_template true`);
  });
  return name;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new AppError('INTERNAL', { message: 'no port' });
  return address.port;
}

/** Asks again every 20 ms until `read` answers something truthy, and answers that. Throws VERIFY_FAILED with the label and the last error in time. */
export async function waitFor<T>(label: string, read: () => Promise<T> | T, options: { timeoutMs?: number } = {}): Promise<NonNullable<T>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await read();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new AppError('VERIFY_FAILED', { message: `${label}: not within ${timeoutMs} ms` }, last);
}

const defaultPrivileges = ['legacy_app', 'notifications_app']
  .map((role) => `alter default privileges in schema public grant select, insert, update, delete on tables to ${role};`)
  .join('\n');

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.toString();
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

export { type MailCase, mailCases, unsubscribeCase } from './testing/mail-cases.ts';

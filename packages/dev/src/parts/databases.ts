import { readSettings, text, url } from '@atlas/kit/config';
import { roleStatements } from '@atlas/kit/embedded-postgres';
import { openSession, type Session } from '@atlas/kit/postgres';

/** Makes the stack's databases and roles; what is there stays. */
const settings = readSettings(process.env, { url: url('POSTGRES_URL'), password: text('DATABASE_PASSWORD') });
const databases = [
  { name: 'legacy', owner: 'postgres', app: 'legacy_app' },
  { name: 'notifications', owner: 'postgres', app: 'notifications_app' },
  { name: 'control', owner: 'migrate' },
  { name: 'unleash', owner: 'postgres' },
] as const;

const server = await openSession(settings.url, { name: 'stack-databases' });
try {
  for (const statement of roleStatements(settings.password)) await server.query(statement);
  for (const { name, owner } of databases) await createDatabase(server, name, owner);
} finally {
  await server.close();
}
for (const database of databases) if ('app' in database) await grantToApp(database.name, database.app);

async function createDatabase(server: Session, name: string, owner: string): Promise<void> {
  const existing = await server.query('select from pg_database where datname = $1', [name]);
  if (existing.rows.length === 0) await server.query(`create database ${name} owner ${owner}`);
}

/** A run-time role reads and writes its own tables; it owns none and may not change them. */
async function grantToApp(database: string, app: string): Promise<void> {
  const at = new URL(settings.url);
  at.pathname = `/${database}`;
  const session = await openSession(at.toString(), { name: 'stack-databases' });
  try {
    await session.query(`alter default privileges in schema public grant select, insert, update, delete on tables to ${app}`);
    await session.query(`alter default privileges in schema public grant usage, select on sequences to ${app}`);
  } finally {
    await session.close();
  }
}

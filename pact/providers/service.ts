import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listen } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { applyMigrations } from '@atlas/kit/prisma-migrations';
import { createApp } from '@atlas/notifications/app';
import { readConfig } from '@atlas/notifications/config';
import pg from 'pg';

export type ServiceOptions = { adminDatabaseUrl: string; keyOwnerUrl: string; serviceToken: string; publicUrl: string };

const migrations = join(dirname(fileURLToPath(import.meta.resolve('@atlas/notifications/app'))), '../prisma/migrations');

/** The service in this process on a real database of its own: there it owns its slice, whoever owns it elsewhere. Its mail worker is off. */
export async function startService(options: ServiceOptions): Promise<{ url: string; close(): Promise<void> }> {
  const name = `pact_${randomBytes(5).toString('hex')}`;
  await run(options.adminDatabaseUrl, `create database ${name}`);
  const databaseUrl = withDatabase(options.adminDatabaseUrl, name);
  await applyMigrations({ databaseUrl, folder: migrations });
  const config = readConfig({
    ATLAS_ENVIRONMENT: 'development',
    ATLAS_PUBLIC_URL: options.publicUrl,
    NOTIFICATIONS_DATABASE_URL: databaseUrl,
    NOTIFICATIONS_KEY_OWNER_URL: options.keyOwnerUrl,
    NOTIFICATIONS_SERVICE_TOKEN: options.serviceToken,
    NOTIFICATIONS_WORKER: 'false',
    SMTP_URL: 'smtp://127.0.0.1:1',
  });
  const app = createApp({ config, log: createLogger('pact-notifications', 'error') });
  const listening = await listen(app.handler, { port: 0 });
  await app.start();
  return {
    url: listening.url,
    close: async () => {
      await listening.close();
      await app.stop();
      await run(options.adminDatabaseUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}

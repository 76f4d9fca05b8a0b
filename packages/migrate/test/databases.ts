import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Side } from '@atlas/contracts/ledger';
import { createPool, type Pool } from '@atlas/kit/postgres';
import { applyMigrations } from '@atlas/kit/prisma-migrations';
import { createTestDatabase, type TestDatabase } from '@atlas/kit/testing';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const folders: Record<Side, string> = {
  legacy: `${root}legacy/apps/backend/prisma/migrations`,
  extracted: `${root}extracted/notifications/prisma/migrations`,
};

/** Control database and both data databases with the apps' real schemas and the strangler schema, as after a fresh install. */
export type Databases = {
  control: TestDatabase;
  sides: Record<Side, TestDatabase>;
  admin: Record<Side | 'control', Pool>;
  /** The app's own role: what a request, a worker or a cron job writes with. */
  app: Record<Side, Pool>;
  drop(): Promise<void>;
};

export async function createDatabases(): Promise<Databases> {
  const control = await createTestDatabase('control');
  const sides = { legacy: await createSide('legacy'), extracted: await createSide('extracted') };
  await promisify(execFile)(process.execPath, [`${root}cdc/src/cli.ts`, 'migrate', '--slice', 'notifications'], {
    env: {
      ...process.env,
      CDC_LEGACY_ADMIN_DATABASE_URL: sides.legacy.adminUrl,
      CDC_NOTIFICATIONS_ADMIN_DATABASE_URL: sides.extracted.adminUrl,
    },
  });
  const admin = { control: pool(control.adminUrl), legacy: pool(sides.legacy.adminUrl), extracted: pool(sides.extracted.adminUrl) };
  await admin.control.query(`alter database ${control.name} owner to migrate`);
  const app = { legacy: pool(sides.legacy.urlAs('legacy_app')), extracted: pool(sides.extracted.urlAs('notifications_app')) };
  const drop = async () => {
    await Promise.all([...Object.values(admin), ...Object.values(app)].map((each) => each.end()));
    for (const database of [control, sides.legacy, sides.extracted]) await database.drop();
  };
  return { control, sides, admin, app, drop };
}

async function createSide(side: Side): Promise<TestDatabase> {
  const database = await createTestDatabase(`migrate_${side}`);
  await applyMigrations({ databaseUrl: database.adminUrl, folder: folders[side] });
  return database;
}

function pool(url: string): Pool {
  return createPool(url, { max: 4, name: 'migrate-test' });
}

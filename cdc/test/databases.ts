import { createPool, type Pool } from '@atlas/kit/postgres';
import { applyMigrations } from '@atlas/kit/prisma-migrations';
import { createTestDatabase, type TestDatabase } from '@atlas/kit/testing';
import { migrateSide } from '../src/schema/migrate.ts';
import { sides } from '../src/slices/mapping.ts';
import { notifications } from '../src/slices/notifications.ts';

const migrations = {
  legacy: new URL('../../legacy/apps/backend/prisma/migrations', import.meta.url).pathname,
  extracted: new URL('../../extracted/notifications/prisma/migrations', import.meta.url).pathname,
};

/** Both data databases with the apps' real schemas and the strangler schema, as after a fresh install. */
export type TestDatabases = Record<'legacy' | 'extracted', TestDatabase & { admin: Pool; app: Pool }> & { drop(): Promise<void> };

export async function createTestDatabases(): Promise<TestDatabases> {
  const legacy = await createSide('legacy', 'legacy_app');
  const extracted = await createSide('extracted', 'notifications_app');
  const both = { legacy, extracted };
  for (const side of sides) await migrateSide({ databaseUrl: both[side].adminUrl, mapping: notifications, side });
  return {
    ...both,
    drop: async () => {
      for (const side of sides) {
        await Promise.all([both[side].admin.end(), both[side].app.end()]);
        await both[side].drop();
      }
    },
  };
}

async function createSide(side: 'legacy' | 'extracted', role: string): Promise<TestDatabase & { admin: Pool; app: Pool }> {
  const database = await createTestDatabase(`cdc_${side}`);
  await applyMigrations({ databaseUrl: database.adminUrl, folder: migrations[side] });
  const admin = createPool(database.adminUrl, { name: 'test-admin', max: 10 });
  const app = createPool(database.urlAs(role), { name: 'test-app', max: 20 });
  return { ...database, admin, app };
}

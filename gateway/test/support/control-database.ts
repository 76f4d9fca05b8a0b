import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Phase } from '@atlas/contracts/ledger';
import { planDocument, planHash } from '@atlas/kit/plan';
import { createPool } from '@atlas/kit/postgres';
import { createTestDatabase, type TestDatabase } from '@atlas/kit/testing';
import { notificationsPlan } from './plan.ts';

/** A control database with the ledger's schema, the plan, and notifications in one phase, owned by the legacy. */
export async function controlDatabase(phase: Phase): Promise<TestDatabase> {
  const control = await createTestDatabase('control');
  const pool = createPool(control.url, { name: 'test' });
  await pool.query(await readFile(join(import.meta.dirname, '../../../packages/migrate/sql/001-ledger.sql'), 'utf8'));
  const plan = notificationsPlan();
  await pool.query('insert into migrate.plan (revision, hash, document) values (1, $1, $2)', [
    planHash(plan),
    JSON.stringify(planDocument(plan)),
  ]);
  await pool.query(
    `insert into migrate.unit (slice, tenant, phase, owner, reads, epoch) values ('notifications', '*', $1, 'legacy', 'legacy', 1)`,
    [phase],
  );
  await pool.end();
  return control;
}

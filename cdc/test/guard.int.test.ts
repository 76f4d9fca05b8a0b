import { randomUUID } from 'node:crypto';
import { openSession, type Pool, type PoolClient, sqlState } from '@atlas/kit/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateSide } from '../src/schema/migrate.ts';
import { notifications } from '../src/slices/notifications.ts';
import { createTestDatabases, type TestDatabases } from './databases.ts';

let databases: TestDatabases;
let epoch = 1n;

beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases.drop());

/** Moves the legacy side's fence to the next epoch. */
async function setOwner(owner: 'here' | 'none', tenant = '*'): Promise<bigint> {
  epoch += 1n;
  await databases.legacy.admin.query('select strangler.set_owner($1, $2, $3, $4)', ['notifications', tenant, owner, epoch]);
  return epoch;
}

const category = randomUUID();

function insertPreference(on: Pool | PoolClient, tenant: string, user = randomUUID()): Promise<unknown> {
  return on.query(
    `insert into "UserNotificationPreference" ("tenancyId", "projectUserId", "notificationCategoryId", enabled) values ($1, $2, $3, true)`,
    [tenant, user, category],
  );
}

async function mailUnderWay(): Promise<void> {
  const client = await databases.legacy.app.connect();
  try {
    await client.query('begin');
    await insertPreference(client, randomUUID());
    await client.query('select pg_sleep(0.15)');
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function stateOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return 'done';
  } catch (error) {
    return sqlState(error);
  }
}

describe('cdc migrate', () => {
  test('may run again and changes nothing that has moved', async () => {
    const before = await databases.legacy.admin.query('select * from strangler.fence, strangler.setting');
    await migrateSide({ databaseUrl: databases.legacy.adminUrl, mapping: notifications, side: 'legacy' });
    const after = await databases.legacy.admin.query('select * from strangler.fence, strangler.setting');
    expect(after.rows).toEqual(before.rows);
  });

  test('refuses a database that is set up as the other side', async () => {
    await expect(migrateSide({ databaseUrl: databases.extracted.adminUrl, mapping: notifications, side: 'legacy' })).rejects.toThrow(
      /TABLE_UNKNOWN/,
    );
  });

  test('publishes the whole slice with full row images, and filters control tables by flow', async () => {
    const { rows } = await databases.legacy.admin.query<{ tablename: string; rowfilter: string | null }>(
      `select schemaname || '.' || tablename as tablename, rowfilter from pg_publication_tables where pubname = 'f_notifications' order by 1`,
    );
    expect(rows.map((row) => row.tablename)).toContain('strangler.signal_f_notifications');
    expect(rows.filter((row) => row.rowfilter !== null).map((row) => row.tablename)).toEqual([
      'strangler.marker',
      'strangler.repair',
      'strangler.watermark',
    ]);
    const identity = await databases.legacy.admin.query(
      `select c.relname from pg_publication_tables p join pg_class c on c.oid = (quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass
       where pubname = 'f_notifications' and schemaname = 'public' and c.relreplident <> 'f'`,
    );
    expect(identity.rows).toEqual([]);
  });
});

describe('guard', () => {
  test('the owner writes, and its native writes are noted', async () => {
    const [tenant, user] = [randomUUID(), randomUUID()];
    await insertPreference(databases.legacy.app, tenant, user);
    await databases.legacy.app.query(`update "UserNotificationPreference" set enabled = false where "tenancyId" = $1`, [tenant]);
    await databases.legacy.app.query(`delete from "UserNotificationPreference" where "tenancyId" = $1`, [tenant]);
    const { rows } = await databases.legacy.admin.query<{ pk: string }>('select pk from strangler.touched where tenant = $1', [tenant]);
    expect(rows).toEqual(Array.from({ length: 4 }, () => ({ pk: JSON.stringify([tenant, user, category]).replaceAll(',', ', ') })));
  });

  test('the side that does not own the unit is refused with SF001, also for a superuser at a console', async () => {
    const insert = `insert into inbox_done (tenancy_id, source, event_id, done_at) values ('${randomUUID()}', 'mail-request', '${randomUUID()}', now())`;
    expect(await stateOf(databases.extracted.app.query(insert))).toBe('SF001');
    expect(await stateOf(databases.extracted.admin.query(insert))).toBe('SF001');
  });

  test('TRUNCATE is refused, even at the owner', async () => {
    expect(await stateOf(databases.legacy.admin.query('truncate "EmailOutbox"'))).toBe('SF001');
  });

  test('a slice without a fence row is refused', async () => {
    const tenant = randomUUID();
    const client = await databases.legacy.admin.connect();
    await client.query('begin');
    await client.query('delete from strangler.fence');
    expect(await stateOf(insertPreference(client, tenant))).toBe('SF001');
    await client.query('rollback');
    client.release();
  });

  test('an update that changes the tenant needs both tenants', async () => {
    const [mine, closed] = [randomUUID(), randomUUID()];
    await insertPreference(databases.legacy.app, mine);
    await databases.legacy.admin.query('select strangler.arm($1, $2, $3)', ['notifications', closed, epoch]);
    await setOwner('none', closed);
    const move = (from: string, to: string) =>
      databases.legacy.app.query(`update "UserNotificationPreference" set "tenancyId" = $2 where "tenancyId" = $1`, [from, to]);
    expect(await stateOf(move(mine, closed))).toBe('SF001');
    expect(await stateOf(insertPreference(databases.legacy.app, closed))).toBe('SF001');
    expect(await stateOf(move(mine, randomUUID()))).toBe('done');
    await setOwner('here', closed);
    await insertPreference(databases.legacy.app, closed);
    await setOwner('none', closed);
    expect(await stateOf(move(closed, mine))).toBe('SF001');
  });

  test('set_owner for * drops the fence rows of tenants the ledger does not list', async () => {
    await databases.legacy.admin.query('select strangler.set_owner($1, $2, $3, $4, $5)', ['notifications', '*', 'here', ++epoch, []]);
    const { rows } = await databases.legacy.admin.query('select tenant from strangler.fence');
    expect(rows).toEqual([{ tenant: '*' }]);
  });

  test('arming a tenant with another epoch is refused', async () => {
    expect(await stateOf(databases.legacy.admin.query('select strangler.arm($1, $2, $3)', ['notifications', 'x', epoch + 1n]))).toBe(
      'SF003',
    );
  });

  test('set_owner refuses an equal and a smaller epoch and changes nothing', async () => {
    const set = (value: bigint) =>
      stateOf(databases.legacy.admin.query('select strangler.set_owner($1, $2, $3, $4)', ['notifications', '*', 'none', value]));
    expect(await set(epoch)).toBe('SF003');
    expect(await set(epoch - 1n)).toBe('SF003');
    const { rows } = await databases.legacy.admin.query(`select owner, epoch from strangler.fence_of('notifications', 'any')`);
    expect(rows).toEqual([{ owner: 'here', epoch }]);
  });

  test('assert_epoch refuses an older epoch with SF002 and is all an application may call', async () => {
    const assert = (value: bigint) =>
      stateOf(databases.legacy.app.query('select strangler.assert_epoch($1, $2, $3)', ['notifications', 'any', value]));
    expect(await assert(epoch)).toBe('done');
    expect(await assert(epoch + 1n)).toBe('done');
    expect(await assert(epoch - 1n)).toBe('SF002');
    const app = (sql: string) => stateOf(databases.legacy.app.query(sql));
    expect(await app(`select strangler.set_owner('notifications', '*', 'here', 99)`)).toBe('42501');
    expect(await app('select * from strangler.fence')).toBe('42501');
    expect(await app('set session_replication_role = replica')).toBe('42501');
    expect(await stateOf(databases.extracted.app.query(`select * from strangler.applied('f.notifications')`))).toBe('done');
  });

  test('the applier writes past the guard, and its rows are not native writes', async () => {
    const applier = await openSession(databases.extracted.urlAs('cdc_applier'), { name: 'test' });
    await applier.query('set session_replication_role = replica');
    const tenant = randomUUID();
    await applier.query(`insert into inbox_done (tenancy_id, source, event_id, done_at) values ($1, 'mail-request', $2, now())`, [
      tenant,
      randomUUID(),
    ]);
    const { rows } = await applier.query('select from strangler.touched where tenant = $1', [tenant]);
    expect(rows).toEqual([]);
    await applier.close();
  });

  test('a tick and a marker are refused at the database where their flow does not start', async () => {
    expect(await stateOf(databases.legacy.admin.query(`select strangler.tick('r.notifications')`))).toBe('22023');
    expect(await stateOf(databases.legacy.admin.query(`select strangler.mark('r.notifications', 'notifications', '*', 2)`))).toBe('22023');
    expect(await stateOf(databases.legacy.admin.query(`select strangler.tick('f.notifications')`))).toBe('done');
  });
});

describe('fence', () => {
  test.each(['read committed', 'repeatable read', 'serializable'])('nothing is written after it: writers at %s', async (isolation) => {
    const { leaks, outcomes } = await fenceUnderLoad(isolation);
    expect(leaks).toBe(0);
    expect(outcomes['done']).toBeGreaterThan(30);
    expect(outcomes['SF001']).toBeGreaterThan(10);
    expect(Object.keys(outcomes).filter((outcome) => !['done', 'SF001', '40001', '40P01'].includes(outcome))).toEqual([]);
  });

  test('the check itself: without the guard’s locks the same writers leak', async () => {
    const { rows } = await databases.legacy.admin.query<{ source: string }>(
      `select pg_get_functiondef('strangler.locked_fence(text, text)'::regprocedure) as source`,
    );
    const source = rows[0]?.source ?? '';
    await databases.legacy.admin.query(source.replaceAll(/perform pg_advisory_xact_lock_shared[^;]*;/g, ''));
    const { leaks } = await fenceUnderLoad('read committed');
    await databases.legacy.admin.query(source);
    expect(leaks).toBeGreaterThan(0);
  });

  test('gets its turn among writers that always overlap, each longer than its first ask', async () => {
    await setOwner('here');
    let isStopping = false;
    // Four mails under way at any time, 150 ms each, one ending every 40 ms: no slice of 100 ms finds all of them ended.
    const mails = Array.from({ length: 4 }, async (_each, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 40));
      const ends: (string | undefined)[] = [];
      while (!isStopping) ends.push(await stateOf(mailUnderWay()));
      return ends;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const fenced = await stateOf(setOwner('none'));
    isStopping = true;
    const ends = (await Promise.all(mails)).flat();
    expect(fenced).toBe('done');
    expect(new Set(ends)).toEqual(new Set(['done', 'SF001']));
    await setOwner('here');
  });

  test('waits for a writer under way, and gives up after 1.2 s', async () => {
    const client = await databases.legacy.app.connect();
    await client.query('begin');
    await insertPreference(client, randomUUID());
    const started = performance.now();
    expect(await stateOf(setOwner('none'))).toBe('55P03');
    expect(performance.now() - started).toBeGreaterThan(1_150);
    expect(performance.now() - started).toBeLessThan(1_800);
    const waiting = setOwner('none');
    await client.query('commit');
    client.release();
    await waiting;
    await setOwner('here');
  });
});

/** A transaction whose snapshot may be older than the fence: it reads first, works a little, then writes. */
async function writeOnce(client: PoolClient, isolation: string, tenant: string): Promise<void> {
  await client.query(`begin isolation level ${isolation}`);
  await client.query('select 1 from "Project" limit 1');
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
  await insertPreference(client, tenant);
  await client.query('commit');
}

/** Eight writers, twelve fences: how often rows still appeared after a fence had been committed, and how the writers fared. */
async function fenceUnderLoad(isolation: string): Promise<{ leaks: number; outcomes: Record<string, number> }> {
  let isStopping = false;
  const outcomes: Record<string, number> = {};
  const write = async (tenant: string) => {
    const client = await databases.legacy.app.connect();
    while (!isStopping) {
      const outcome = (await stateOf(writeOnce(client, isolation, tenant))) ?? 'lost';
      if (outcome !== 'done') await client.query('rollback');
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    client.release();
  };
  const tenants = Array.from({ length: 4 }, () => randomUUID());
  const writers = tenants.flatMap((tenant) => [write(tenant), write(tenant)]);
  let leaks = 0;
  for (let round = 0; round < 12; round += 1) {
    await setOwner('none');
    const atFence = await countPreferences();
    await new Promise((resolve) => setTimeout(resolve, 15));
    if ((await countPreferences()) !== atFence) leaks += 1;
    await setOwner('here');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  isStopping = true;
  await Promise.all(writers);
  return { leaks, outcomes };
}

async function countPreferences(): Promise<string | undefined> {
  return (await databases.legacy.admin.query<{ n: string }>('select count(*)::text as n from "UserNotificationPreference"')).rows[0]?.n;
}

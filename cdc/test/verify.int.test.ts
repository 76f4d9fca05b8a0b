import { randomUUID } from 'node:crypto';
import type { VerifyRequest } from '@atlas/contracts/flow';
import { createPool, openSession, type Pool, type Session } from '@atlas/kit/postgres';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { notifications } from '../src/slices/notifications.ts';
import { verify } from '../src/verify/verify.ts';
import { createTestDatabases, type TestDatabases } from './databases.ts';

let databases: TestDatabases;
let pools: { legacy: Pool; extracted: Pool };
/** Writes the service's copy as the applier does: unseen by guard and `touched`. */
let replica: Session;
const [tenant, category] = [randomUUID(), '7bb82d33-2f54-4a3d-9d23-82739e0d66ef'];

beforeAll(async () => {
  databases = await createTestDatabases();
  pools = {
    legacy: createPool(databases.legacy.urlAs('cdc_applier'), { name: 'test' }),
    extracted: createPool(databases.extracted.urlAs('cdc_applier'), { name: 'test' }),
  };
  replica = await openSession(databases.extracted.urlAs('cdc_applier'), { name: 'test' });
  await replica.query('set session_replication_role = replica');
});
afterAll(async () => {
  await Promise.all([replica.close(), pools.legacy.end(), pools.extracted.end()]);
  await databases.drop();
});

beforeEach(async () => {
  await databases.legacy.admin.query(`
    update strangler.fence set owner = 'here', epoch = 1; delete from strangler.touched;
    delete from "UserNotificationPreference"; delete from "InboxDone"; delete from "DomainEvent"; delete from "Project"; delete from strangler.touched`);
  await databases.extracted.admin.query(
    `update strangler.fence set owner = 'none', epoch = 1; delete from strangler.verified; delete from strangler.row_version`,
  );
  await databases.legacy.app.query(
    `insert into "UserNotificationPreference" ("tenancyId", "projectUserId", "notificationCategoryId", enabled) select $1, gen_random_uuid(), $2, true from generate_series(1, 500)`,
    [tenant, category],
  );
  await databases.legacy.app.query(
    `insert into "InboxDone" ("tenancyId", source, "eventId") select $1, s, gen_random_uuid() from unnest('{mail-request,domain-event}'::text[]) s`,
    [tenant],
  );
  await databases.legacy.admin.query(`insert into "Project" (id, "displayName") values ('b', 'Über "us"'), ('a', ''), ('C', 'x')`);
  await replicate();
});

/** Stands in for the flow: the service's copy becomes what the legacy held at a position, and says so. */
async function replicate(): Promise<void> {
  const { rows } = await databases.legacy.admin.query<{ position: string }>('select strangler.position() as position');
  const preferences = await databases.legacy.admin.query<{ rows: string }>(
    'select coalesce(jsonb_agg(to_jsonb(p)), \'[]\')::text as rows from "UserNotificationPreference" p',
  );
  const done = await databases.legacy.admin.query<{ rows: string }>(
    'select coalesce(jsonb_agg(to_jsonb(d)), \'[]\')::text as rows from "InboxDone" d',
  );
  const projects = await databases.legacy.admin.query<{ rows: string }>(
    'select coalesce(jsonb_agg(to_jsonb(p)), \'[]\')::text as rows from "Project" p',
  );
  await replica.query('begin');
  await replica.query('delete from notification_preference');
  await replica.query('delete from inbox_done');
  await replica.query('delete from ref_project');
  await replica.query(
    `insert into notification_preference select "tenancyId", "projectUserId", "notificationCategoryId", enabled, "updatedAt"
     from jsonb_to_recordset($1::jsonb) r("tenancyId" uuid, "projectUserId" uuid, "notificationCategoryId" uuid, enabled boolean, "updatedAt" timestamptz)`,
    [preferences.rows[0]?.rows],
  );
  await replica.query(
    `insert into inbox_done select "tenancyId", source, "eventId", "doneAt" from jsonb_to_recordset($1::jsonb) r("tenancyId" uuid, source text, "eventId" uuid, "doneAt" timestamptz)`,
    [done.rows[0]?.rows],
  );
  await replica.query(
    `insert into ref_project (id, display_name) select id, "displayName" from jsonb_to_recordset($1::jsonb) r(id text, "displayName" text)`,
    [projects.rows[0]?.rows],
  );
  await replica.query(`insert into ref_project (id, display_name, deleted_at) values ('gone', 'deleted at the source', now())`);
  await replica.query(`update strangler.apply_progress set applied_lsn = $1 where flow = 'f.notifications'`, [rows[0]?.position]);
  await replica.query('commit');
}

/** Verifies while the flow runs. */
async function verifying(request: Partial<VerifyRequest> = {}, tamper: () => Promise<unknown> = async () => {}) {
  let isStopping = false;
  const flow = (async () => {
    while (!isStopping) {
      await replicate();
      await tamper();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  try {
    return await verify(notifications, pools, { slice: 'notifications', tenant: '*', mode: 'live', source: 'legacy', ...request });
  } finally {
    isStopping = true;
    await flow;
  }
}

/** Verifies with the flow at rest, so that a change at the target stays; the position covers all that was committed. */
async function verifyingAtRest(request: Partial<VerifyRequest> = {}) {
  await replica.query(`update strangler.apply_progress set applied_lsn = 'FFFFFFFF/0' where flow = 'f.notifications'`);
  return verify(notifications, pools, { slice: 'notifications', tenant: '*', mode: 'live', source: 'legacy', ...request });
}

async function count(side: 'legacy' | 'extracted', sql: string): Promise<number> {
  return (await databases[side].admin.query<{ n: number }>(sql)).rows[0]?.n ?? -1;
}

const anyPreference = `(select ctid from notification_preference limit 1)`;

describe('live', () => {
  test('equal sides are clean; deleted rows a projection keeps do not count', async () => {
    const report = await verifying();
    expect(report).toMatchObject({ verdict: 'clean', rows: 505, mismatchCount: 0 });
    expect(report.tables).toContainEqual({ table: 'ref_project', rows: 3 });
  });

  test.each([
    ['different', `update notification_preference set enabled = not enabled where ctid = ${anyPreference}`, ['enabled']],
    ['missing', `delete from notification_preference where ctid = ${anyPreference}`, []],
    ['extra', `insert into notification_preference values ('${randomUUID()}', '${randomUUID()}', '${category}', true, now())`, []],
  ])('a row changed behind the applier’s back is found: %s', async (problem, sql, columns) => {
    await replica.query(sql);
    const report = await verifyingAtRest();
    expect(report).toMatchObject({
      verdict: 'mismatch',
      mismatchCount: 1,
      confirmed: 1,
      mismatches: [{ table: 'notification_preference', problem, columns }],
    });
  });

  test.each([
    ['different', `update ref_project set display_name = 'other' where id = 'a'`],
    ['missing', `update ref_project set deleted_at = now() where id = 'a'`],
    ['extra', `update ref_project set deleted_at = null where id = 'gone'`],
  ])('a projection that differs is found: %s', async (problem, sql) => {
    await replica.query(sql);
    expect(await verifyingAtRest()).toMatchObject({ mismatches: [{ table: 'ref_project', problem }], mismatchCount: 1 });
  });

  test('under a live writer nothing but the real mismatch is confirmed', async () => {
    let isStopping = false;
    const writer = (async () => {
      while (!isStopping)
        await databases.legacy.app.query(`update "UserNotificationPreference" set enabled = random() < 0.5 where random() < 0.05`);
    })();
    const victim = (
      await databases.legacy.admin.query<{ user: string }>(
        'select "projectUserId" as user from "UserNotificationPreference" order by 1 limit 1',
      )
    ).rows[0]?.user;
    const report = await verifying({}, () => replica.query('delete from notification_preference where project_user_id = $1', [victim]));
    isStopping = true;
    await writer;
    expect(report.suspects).toBeGreaterThan(1);
    expect(report.mismatches.map(({ problem, pk }) => ({ problem, pk }))).toEqual([
      { problem: 'missing', pk: `["${tenant}", "${victim}", "${category}"]` },
    ]);
  });

  test('is refused where the source does not own the unit', async () => {
    await expect(verifying({ source: 'extracted' })).rejects.toThrow(/MOVE_REFUSED/);
  });
});

describe('touched', () => {
  // The oldest transaction of the whole server keeps keys from being forgotten, and other tests share the server.
  beforeEach(async () => {
    const young = 'select count(*)::int as n from strangler.touched where xid >= pg_snapshot_xmin(pg_current_snapshot())';
    await waitFor('no older transaction is open', async () => (await count('legacy', young)) === 0, { timeoutMs: 20_000 });
  });

  test('a clean full verify forgets the native writes it covered, and only those', async () => {
    const open = await databases.legacy.app.connect();
    await open.query('begin');
    await open.query(
      'update "UserNotificationPreference" set enabled = true where "projectUserId" = (select min("projectUserId"::text)::uuid from "UserNotificationPreference")',
    );
    expect(await count('legacy', 'select count(*)::int as n from strangler.touched')).toBeGreaterThan(500);
    await verifying();
    await open.query('commit');
    open.release();
    expect(await count('legacy', 'select count(*)::int as n from strangler.touched')).toBe(2);
  });

  test('a recent verify looks at what changed since, and takes back the restart check', async () => {
    await verifying();
    await databases.legacy.app.query(`update "UserNotificationPreference" set enabled = false where random() < 0.1`);
    const changed = await count('legacy', 'select count(distinct pk)::int as n from strangler.touched');
    await replica.query(`update strangler.apply_progress set restarted_at = clock_timestamp() where flow = 'f.notifications'`);
    const report = await verifying({ scope: 'recent' });
    expect(report).toMatchObject({ verdict: 'clean', rows: changed });
    expect(await count('extracted', 'select count(*)::int as n from strangler.apply_progress where restarted_at is not null')).toBe(0);
    await replica.query(`update strangler.apply_progress set restarted_at = clock_timestamp() where flow = 'f.notifications'`);
    await replica.query('update notification_preference set enabled = not enabled where not enabled');
    expect(await verifyingAtRest({ scope: 'recent' })).toMatchObject({ verdict: 'mismatch', mismatchCount: changed });
    expect(await count('extracted', 'select count(*)::int as n from strangler.apply_progress where restarted_at is not null')).toBe(1);
  });
});

describe('frozen', () => {
  const frozen = (): Promise<unknown> =>
    verify(notifications, pools, { slice: 'notifications', tenant: '*', mode: 'frozen', source: 'legacy' });

  test('is refused while a side is open', async () => {
    await expect(frozen()).rejects.toThrow(/legacy is open/);
  });

  test('equal sides are clean, and one changed value is not', async () => {
    await databases.legacy.admin.query(`select strangler.set_owner('notifications', '*', 'none', 2)`);
    expect(await frozen()).toMatchObject({ verdict: 'clean', rows: 502 });
    await replica.query(`update inbox_done set done_at = done_at + interval '1 millisecond' where source = 'mail-request'`);
    await replica.query(`delete from notification_preference where ctid = ${anyPreference}`);
    expect(await frozen()).toMatchObject({
      verdict: 'mismatch',
      mismatchCount: 2,
      mismatches: [{ problem: 'missing' }, { problem: 'different', columns: ['done_at'] }],
    });
  });
});

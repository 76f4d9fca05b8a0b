import { randomUUID } from 'node:crypto';
import { armFailpoint, disarmFailpoint } from '@atlas/kit/failpoints';
import { createLogger } from '@atlas/kit/logger';
import { openSession } from '@atlas/kit/postgres';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Applier } from '../src/apply/applier.ts';
import { Mutants } from '../src/apply/mutants.ts';
import { flowsOf } from '../src/flows.ts';
import { notifications } from '../src/slices/notifications.ts';
import { MemoryTopic } from '../src/stream/stream.memory.ts';
import { createTestDatabases, type TestDatabases } from './databases.ts';
import { EventWriter, mail, preference } from './events.ts';

const [flowF] = flowsOf(notifications);
const placeholder = '__unavailable_test';
let databases: TestDatabases;
let topic: MemoryTopic;
let writer: EventWriter;
let appliers: Applier[];
let tenant: string;

beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases.drop());
beforeEach(async () => {
  await databases.extracted.admin.query(`
    delete from strangler.apply_progress; insert into strangler.apply_progress (flow) values ('f.notifications');
    delete from strangler.row_version; delete from strangler.parked; delete from strangler.marker_applied; delete from strangler.backfill;
    set session_replication_role = replica; truncate mail_outbox, notification_preference, inbox_done, ref_user, ref_domain_event;
    set session_replication_role = origin; update strangler.fence set owner = 'none', epoch = 1`);
  topic = new MemoryTopic();
  writer = new EventWriter(flowF);
  appliers = [];
  tenant = randomUUID();
  // Something came before: a flow that begins knows of no commit.
  topic.append(...writer.tick(), ...writer.tick());
});
afterEach(async () => {
  disarmFailpoint('apply.batch.before-commit');
  await Promise.all(appliers.map((applier) => applier.stop()));
});

function start(options: { mutants?: boolean } = {}): Applier {
  const applier = new Applier({
    flow: flowF,
    databaseUrl: databases.extracted.urlAs('cdc_applier'),
    holder: randomUUID(),
    openStream: () => topic.stream(),
    readPlaceholder: async () => placeholder,
    log: createLogger('test', 'silent'),
    clock: Date.now,
    mutants: options.mutants === true ? new Mutants(flowF.target) : null,
  });
  appliers.push(applier);
  applier.start();
  return applier;
}

async function one<Row extends Record<string, unknown>>(sql: string, params: unknown[] = []): Promise<Row | undefined> {
  return (await databases.extracted.admin.query<Row>(sql, params)).rows[0];
}

function progress() {
  return one<{
    next_offset: bigint;
    applied: bigint;
    skipped: bigint;
    dropped_snapshot_rows: bigint;
    tick_gaps: bigint;
    term: bigint;
    stopped_code: string | null;
    restarted_at: Date | null;
  }>(`select * from strangler.apply_progress where flow = 'f.notifications'`);
}

/** Waits until all that was appended has had its effect. */
async function caughtUp(): Promise<void> {
  const last = topic.firstOffset + BigInt(topic.records.length);
  await waitFor('caught up', async () => ((await progress())?.next_offset ?? 0n) >= last, { timeoutMs: 5_000 });
}

async function stopped(applier: Applier): Promise<string> {
  await waitFor('stopped', async () => applier.state.name === 'stopped', { timeoutMs: 5_000 });
  return applier.state.name === 'stopped' ? applier.state.code : '';
}

async function enabledOf(user: string): Promise<boolean | undefined> {
  return (
    await one<{ enabled: boolean }>('select enabled from notification_preference where tenancy_id = $1 and project_user_id = $2', [
      tenant,
      user,
    ])
  )?.enabled;
}

const table = 'UserNotificationPreference';
function created(user: string, enabled: boolean) {
  return { table, op: 'c' as const, after: preference(tenant, user, enabled) };
}
function updated(user: string, from: boolean, to: boolean) {
  return { table, op: 'u' as const, before: preference(tenant, user, from), after: preference(tenant, user, to) };
}
function deleted(user: string, was: boolean) {
  return { table, op: 'd' as const, before: preference(tenant, user, was) };
}

describe('rows', () => {
  test('inserts, updates and deletes arrive, with every value as it was', async () => {
    const [user, gone, id] = [randomUUID(), randomUUID(), randomUUID()];
    topic.append(
      ...writer.transaction(created(user, true), created(gone, true), { table: 'EmailOutbox', op: 'c', after: mail(tenant, id) }),
    );
    topic.append(...writer.transaction(updated(user, true, false), deleted(gone, true)));
    start();
    await caughtUp();
    expect(await enabledOf(user)).toBe(false);
    expect(await enabledOf(gone)).toBeUndefined();
    const stored = await one(
      'select source, recipient, variables, created_at, html, is_transactional, send_retries from mail_outbox where id = $1',
      [id],
    );
    expect(stored).toEqual({
      source: '<p>Hi ✓</p>',
      recipient: { type: 'custom-emails', emails: ['a@example.com'] },
      variables: {},
      created_at: new Date('2026-11-24T07:00:00.123Z'),
      html: null,
      is_transactional: true,
      send_retries: 0,
    });
  });

  test('an event that comes late or twice changes nothing', async () => {
    const user = randomUUID();
    const first = writer.transaction(created(user, false));
    const second = writer.transaction(updated(user, false, true));
    topic.append(...first, ...second, ...first, ...second, ...first);
    start();
    await caughtUp();
    expect(await enabledOf(user)).toBe(true);
    expect(await progress()).toMatchObject({ applied: 2n, skipped: 3n });
  });

  test('an event out of order loses against the newer one that came first', async () => {
    const user = randomUUID();
    const older = writer.transaction(created(user, false));
    const newer = writer.transaction(updated(user, false, true));
    topic.append(...newer, ...older);
    start();
    await caughtUp();
    expect(await enabledOf(user)).toBe(true);
  });

  test('a delete leaves a tombstone, also for a key that was never here: an older insert does not come back', async () => {
    const user = randomUUID();
    const insert = writer.transaction(created(user, true));
    topic.append(...writer.transaction(deleted(user, true)), ...insert);
    start();
    await caughtUp();
    expect(await enabledOf(user)).toBeUndefined();
    expect(await one('select deleted from strangler.row_version where tenant = $1', [tenant])).toEqual({ deleted: true });
    topic.append(...writer.transaction(created(user, false)));
    await caughtUp();
    expect(await enabledOf(user)).toBe(false);
  });

  test('a changed primary key deletes the old row and stores the new one', async () => {
    const [from, to] = [randomUUID(), randomUUID()];
    topic.append(...writer.transaction(created(from, true)));
    topic.append(...writer.transaction({ table, op: 'u', before: preference(tenant, from, true), after: preference(tenant, to, true) }));
    start();
    await caughtUp();
    expect(await enabledOf(from)).toBeUndefined();
    expect(await enabledOf(to)).toBe(true);
  });

  test('a projection keeps the row of something deleted, and takes it back when it comes again', async () => {
    const user = {
      tenancyId: tenant,
      projectUserId: randomUUID(),
      displayName: 'Ann',
      isAnonymous: false,
      restrictedByAdmin: false,
      signedUpAt: '2026-11-24T07:00:00Z',
    };
    const channel = {
      tenancyId: tenant,
      projectUserId: user.projectUserId,
      id: randomUUID(),
      type: 'EMAIL',
      value: 'a@b.c',
      isPrimary: 'TRUE',
      isVerified: true,
      usedForAuth: null,
    };
    topic.append(
      ...writer.transaction({ table: 'ProjectUser', op: 'c', after: user }, { table: 'ContactChannel', op: 'c', after: channel }),
    );
    topic.append(...writer.transaction({ table: 'ProjectUser', op: 'd', before: user }));
    start();
    await caughtUp();
    expect(await one('select is_primary, used_for_auth, type, deleted_at from ref_contact_channel where id = $1', [channel.id])).toEqual({
      is_primary: true,
      used_for_auth: null,
      type: 'EMAIL',
      deleted_at: null,
    });
    const deletedAt = () => one('select display_name, deleted_at from ref_user where tenancy_id = $1', [tenant]);
    expect(await deletedAt()).toEqual({ display_name: 'Ann', deleted_at: new Date(1_795_500_000_000) });
    topic.append(...writer.transaction({ table: 'ProjectUser', op: 'c', after: user }));
    await caughtUp();
    expect(await deletedAt()).toEqual({ display_name: 'Ann', deleted_at: null });
  });

  test('a transaction becomes visible at the target as a whole', async () => {
    const users = Array.from({ length: 200 }, () => randomUUID());
    const records = writer.transaction(...users.map((user) => created(user, true)));
    topic.append(...records.slice(0, 150));
    start();
    await waitFor('read', async () => appliers[0]?.state.name === 'applying', { timeoutMs: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await one('select count(*)::int as n from notification_preference')).toEqual({ n: 0 });
    topic.append(...records.slice(150));
    await caughtUp();
    expect(await one('select count(*)::int as n from notification_preference')).toEqual({ n: 200 });
  });
});

describe('exactly once', () => {
  test('a batch that fails before its commit is applied again, one that fails after it is not', async () => {
    const user = randomUUID();
    armFailpoint('apply.batch.before-commit', 'error');
    topic.append(...writer.transaction(created(user, true)));
    start();
    await caughtUp();
    expect(await progress()).toMatchObject({ applied: 1n, skipped: 0n });
  });

  test('a successor goes on where the predecessor stopped; a zombie is refused and its session ended', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const zombie = start();
    topic.append(...writer.transaction(created(first, true)));
    await caughtUp();
    start();
    await waitFor('term', async () => ((await progress())?.term ?? 0n) >= 2n, { timeoutMs: 5_000 });
    topic.append(...writer.transaction(created(second, true)));
    await caughtUp();
    expect(await stopped(zombie)).toBe('TERM_LOST');
    expect(await progress()).toMatchObject({ applied: 2n, skipped: 0n });
    expect((await progress())?.restarted_at).not.toBeNull();
  });

  test('a take-over that fails half-way is tried again, not taken for another process', async () => {
    const applier = start();
    await caughtUp();
    const blocker = await openSession(databases.extracted.adminUrl, { name: 'test' });
    await databases.extracted.admin.query(
      `select pg_terminate_backend(backend_pid, 1000) from strangler.apply_progress where flow = 'f.notifications'`,
    );
    await blocker.query(`select pg_replication_origin_session_setup(strangler.origin_name('f.notifications'))`);
    await waitFor('refused', async () => applier.state.name === 'retrying' && applier.state.code === '55006', { timeoutMs: 10_000 });
    await blocker.close();
    topic.append(...writer.transaction(created(randomUUID(), true)));
    await caughtUp();
    expect(await progress()).toMatchObject({ applied: 1n });
  });

  test('offsets that the topic leaves out are no gap', async () => {
    topic.append(...writer.transaction(created(randomUUID(), true)));
    topic.skipOffsets(5);
    topic.append(...writer.transaction(created(randomUUID(), true)));
    start();
    await caughtUp();
    expect(await progress()).toMatchObject({ applied: 2n });
  });

  test('what the applier writes does not come back: a reader with origin=none sees none of it', async () => {
    const slot = `echo_${randomUUID().slice(0, 8)}`;
    await databases.extracted.admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    const seen = async (origin: string) =>
      (
        await one<{ n: number }>(
          `select count(*)::int as n from pg_logical_slot_peek_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'r_notifications', 'origin', $2)`,
          [slot, origin],
        )
      )?.n;
    start();
    topic.append(...writer.transaction(created(randomUUID(), true)));
    await caughtUp();
    expect(await seen('none')).toBe(0);
    expect(await seen('any')).toBeGreaterThan(0);
    await databases.extracted.admin.query('select pg_drop_replication_slot($1)', [slot]);
  });
});

describe('what stops a flow', () => {
  test('the next offset is no longer in the topic', async () => {
    const applier = start();
    await caughtUp();
    await applier.stop();
    topic.firstOffset = 100n;
    expect(await stopped(start())).toBe('STREAM_GAP');
  });

  test('another topic under the same name', async () => {
    const applier = start();
    await caughtUp();
    await applier.stop();
    topic.identity = 'memory-2';
    expect(await stopped(start())).toBe('STREAM_GAP');
  });

  test('a connector that lost its offsets', async () => {
    const applier = start();
    await caughtUp();
    writer.forgetsOffsets();
    topic.append(...writer.tick());
    expect(await stopped(applier)).toBe('STREAM_GAP');
  });

  test('a change of a unit that the target owns; what came before it has had its effect, and an old event does not stop it', async () => {
    const [user, other] = [randomUUID(), randomUUID()];
    const old = writer.transaction(created(user, true));
    topic.append(...old);
    const applier = start();
    await caughtUp();
    await databases.extracted.admin.query(`select strangler.set_owner('notifications', '*', 'here', 2)`);
    topic.append(...old);
    await caughtUp();
    expect(applier.state.name).toBe('applying');
    topic.append(...writer.transaction(created(other, true)));
    expect(await stopped(applier)).toBe('FOREIGN_EVENT');
    expect(await enabledOf(other)).toBeUndefined();
    await waitFor('stored', async () => (await progress())?.stopped_code === 'FOREIGN_EVENT', { timeoutMs: 2_000 });
    await databases.extracted.admin.query(`select strangler.set_owner('notifications', '*', 'none', 3)`);
    applier.resume();
    await caughtUp();
    expect(await enabledOf(other)).toBe(true);
  });

  test('a value that did not come', async () => {
    topic.append(
      ...writer.transaction({ table: 'EmailOutbox', op: 'u', before: null, after: mail(tenant, randomUUID(), { html: placeholder }) }),
    );
    expect(await stopped(start())).toBe('PLACEHOLDER');
  });

  test('a delete without its tenant (the replica identity was changed)', async () => {
    topic.append(...writer.transaction({ table, op: 'd', before: preference('', randomUUID(), true) }));
    expect(await stopped(start())).toBe('PLACEHOLDER');
  });

  test.each([
    [
      'UNKNOWN_COLUMN',
      'a column nobody mapped',
      () => ({ table, op: 'c' as const, after: preference(tenant, randomUUID(), true, { colour: 'red' }) }),
    ],
    [
      'MISSING_COLUMN',
      'a mapped column that is gone',
      () => ({ table: 'InboxDone', op: 'c' as const, after: { tenancyId: tenant, source: 'mail-request', eventId: randomUUID() } }),
    ],
    ['FLOW_STOPPED', 'TRUNCATE past the guard', () => ({ table, op: 't' as const })],
    ['TABLE_UNKNOWN', 'a table nobody mapped', () => ({ table: 'ApiKeySet', op: 'c' as const, after: { id: 'x' } })],
  ])('%s: %s; what came before has had its effect', async (code, _what, event) => {
    const user = randomUUID();
    topic.append(...writer.transaction(created(user, true)), ...writer.transaction(event()));
    expect(await stopped(start())).toBe(code);
    expect(await enabledOf(user)).toBe(true);
  });
});

describe('snapshot rows', () => {
  test('fill keys nothing is known of; known keys and tombstones stay', async () => {
    const [fresh, known, gone] = [randomUUID(), randomUUID(), randomUUID()];
    topic.append(...writer.transaction(created(known, true)), ...writer.transaction(deleted(gone, true)), ...writer.backfillSignal(1));
    for (const user of [fresh, known, gone]) topic.append(writer.snapshotRow(table, preference(tenant, user, false)));
    topic.append(writer.backfillDone(1), ...writer.tick());
    start();
    await caughtUp();
    expect([await enabledOf(fresh), await enabledOf(known), await enabledOf(gone)]).toEqual([false, true, undefined]);
    expect(await one('select state, rows, epoch from strangler.backfill')).toEqual({ state: 'done', rows: 1n, epoch: 1n });
    topic.append(...writer.transaction(updated(fresh, false, true)));
    await caughtUp();
    expect(await enabledOf(fresh)).toBe(true);
  });

  test('for a unit the target owns are dropped and counted; the flow goes on', async () => {
    await databases.extracted.admin.query(`update strangler.fence set owner = 'here', epoch = 2`);
    topic.append(...writer.backfillSignal(1), writer.snapshotRow(table, preference(tenant, randomUUID(), true)), ...writer.tick());
    const applier = start();
    await caughtUp();
    expect(await one('select count(*)::int as n from notification_preference')).toEqual({ n: 0 });
    expect(await progress()).toMatchObject({ dropped_snapshot_rows: 1n });
    expect(applier.state.name).toBe('applying');
  });

  test('of an epoch that has passed, or of no backfill at all, are dropped and counted', async () => {
    topic.append(writer.snapshotRow(table, preference(tenant, randomUUID(), true)));
    topic.append(
      ...writer.backfillSignal(1),
      ...writer.marker(2),
      writer.snapshotRow(table, preference(tenant, randomUUID(), true)),
      ...writer.tick(),
    );
    start();
    await caughtUp();
    expect(await progress()).toMatchObject({ dropped_snapshot_rows: 2n, applied: 0n });
  });
});

describe('repair', () => {
  test('deletes an extra key at its position; dropped for another epoch and where the target owns the unit', async () => {
    const user = randomUUID();
    const key = [tenant, user, '7bb82d33-2f54-4a3d-9d23-82739e0d66ef'];
    topic.append(...writer.transaction(created(user, true)), ...writer.marker(2), ...writer.repair(1, table, key));
    start();
    await caughtUp();
    expect(await enabledOf(user)).toBe(true);
    topic.append(...writer.repair(2, table, key));
    await caughtUp();
    expect(await enabledOf(user)).toBeUndefined();
    expect(await progress()).toMatchObject({ dropped_snapshot_rows: 1n });
  });
});

describe('parking', () => {
  const poison = () => ({
    table: 'EmailOutbox',
    op: 'c' as const,
    after: mail(tenant, randomUUID(), { subject: null, source: 'x'.repeat(1_048_577) }),
  });

  test('sets a tenant aside in order, lets others flow, and replays in order', async () => {
    const [user, other, otherTenant] = [randomUUID(), randomUUID(), randomUUID()];
    const elsewhere = { table, op: 'c' as const, after: preference(otherTenant, other, true) };
    topic.append(...writer.transaction(poison()), ...writer.transaction(created(user, false)), ...writer.transaction(elsewhere));
    topic.append(...writer.transaction(updated(user, false, true)), ...writer.marker(2));
    const applier = start();
    await caughtUp();
    expect(await enabledOf(user)).toBeUndefined();
    expect(await one('select enabled from notification_preference where tenancy_id = $1', [otherTenant])).toEqual({ enabled: true });
    const { rows } = await databases.extracted.admin.query<{ tenant: string; table_name: string }>(
      'select tenant, table_name from strangler.parked order by seq',
    );
    expect(rows.map((row) => row.table_name)).toEqual(['mail_outbox', 'notification_preference', 'notification_preference']);
    expect(await one('select clean from strangler.marker_applied where epoch = 2')).toEqual({ clean: false });
    expect(await one(`select blocked from strangler.applied('f.notifications')`)).toEqual({ blocked: 1 });

    expect(await applier.replay(tenant)).toEqual({ replayed: 0, left: 3 });
    await databases.extracted.admin.query('alter table mail_outbox drop constraint mail_outbox_text_bytes_max');
    expect(await applier.replay(tenant)).toEqual({ replayed: 3, left: 0 });
    expect(await enabledOf(user)).toBe(true);
    topic.append(...writer.marker(4));
    await caughtUp();
    expect(await one('select clean from strangler.marker_applied where epoch = 4')).toEqual({ clean: true });
    await databases.extracted.admin.query(
      'alter table mail_outbox add constraint mail_outbox_text_bytes_max check (octet_length(source) <= 1048576) not valid',
    );
  });
});

describe('control rows', () => {
  test('a marker is applied in the transaction of what came before it', async () => {
    const user = randomUUID();
    topic.append(...writer.transaction(created(user, true)), ...writer.marker(2));
    start();
    await waitFor('marker', async () => (await one('select from strangler.marker_applied where epoch = 2')) !== undefined, {
      timeoutMs: 5_000,
    });
    expect(await enabledOf(user)).toBe(true);
    expect(await one('select clean from strangler.marker_applied where epoch = 2')).toEqual({ clean: true });
  });

  test('a missing tick is counted and makes a restart check due; a repeated one is old news', async () => {
    start();
    await caughtUp();
    expect(await progress()).toMatchObject({ tick_gaps: 0n });
    topic.append(...writer.tick(3), ...writer.tick(3), ...writer.tick(5));
    await caughtUp();
    expect(await progress()).toMatchObject({ tick_gaps: 1n });
    expect((await progress())?.restarted_at).not.toBeNull();
  });
});

describe('mutants, so that a checker can be checked', () => {
  test('drop: one row event has no effect', async () => {
    armFailpoint('apply.event.drop', 'trigger');
    const [lost, kept] = [randomUUID(), randomUUID()];
    topic.append(...writer.transaction(created(lost, true)), ...writer.transaction(created(kept, true)));
    start({ mutants: true });
    await caughtUp();
    expect([await enabledOf(lost), await enabledOf(kept)]).toEqual([undefined, true]);
  });

  test('twice: an older event overwrites a newer one', async () => {
    armFailpoint('apply.event.twice', 'trigger');
    const user = randomUUID();
    start({ mutants: true });
    topic.append(...writer.transaction(created(user, false)));
    await caughtUp();
    topic.append(...writer.transaction(updated(user, false, true)));
    await caughtUp();
    expect(await enabledOf(user)).toBe(false);
  });
});

test('an application cannot pose as the applier', async () => {
  const app = await openSession(databases.extracted.urlAs('notifications_app'), { name: 'test' });
  await expect(app.query(`select pg_replication_origin_session_setup('x')`)).rejects.toThrow(/permission denied/);
  await app.close();
});

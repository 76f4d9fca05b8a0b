import { waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isClean } from '../src/audit.ts';
import { AuditedTraffic } from './audited-traffic.ts';
import { Person } from './person.ts';
import { arm, bringTo, control, disarm, dryRun, follow, holdingGates, query, stack, verify } from './shared-stack.ts';

const traffic = new AuditedTraffic();
let isFinished = false;
const finish = () => {
  isFinished = true;
  return traffic.finish();
};

beforeAll(async () => {
  await bringTo('canary');
  await traffic.start();
});
afterAll(async () => {
  if (!isFinished) await traffic.finish();
});

describe('while the legacy owns', () => {
  test('a cutover is held while the last verify is stale, and says so', async () => {
    await bringTo('canary');
    const held = await waitFor('parity holds', async () => {
      await query('control', 'postgres', `delete from migrate.evidence where kind = 'parity'`);
      const gate = (await dryRun('extracted')).gates.find((each) => each.gate === 'parity');
      return gate?.verdict === 'pass' ? undefined : gate;
    });
    expect(held).toMatchObject({ verdict: 'unknown', next: expect.stringContaining('migrate verify') });
    await waitFor('the control plane verifies by itself', async () => !(await holdingGates('extracted')).includes('parity'), {
      timeoutMs: 30_000,
    });
  });

  test('a row changed behind the applier’s back is found, holds the flip, and is repaired by a real change at its source', async () => {
    const person = await Person.signUp(stack.urls.gateway);
    expect((await person.setMarketing(false)).status).toBe(200);
    await waitFor('the copy has it', async () => (await copiesOf(person.id))[0]?.enabled === false);
    await changeBehindTheBack(person.id);
    const found = await verify();
    expect(found.verdict).toBe('mismatch');
    expect(found.mismatches.map(({ table, problem, columns }) => ({ table, problem, columns }))).toEqual([
      { table: 'notification_preference', problem: 'different', columns: ['enabled'] },
    ]);
    expect(await holdingGates('extracted')).toContain('parity');
    expect((await person.setMarketing(true)).status).toBe(200);
    expect((await person.setMarketing(false)).status).toBe(200);
    await waitFor('the copy is repaired', async () => (await copiesOf(person.id))[0]?.enabled === false);
    expect((await verify()).verdict).toBe('clean');
    expect(await holdingGates('extracted')).not.toContain('parity');
  });

  test('a cutover is refused while something is parked, and says which; replayed in order it is gone', async () => {
    const person = await Person.signUp(stack.urls.gateway);
    const subject = `park ${person.id}`;
    await query(
      'notifications',
      'postgres',
      `alter table mail_outbox add constraint no_parking check (subject is null or subject not like 'park %')`,
    );
    expect((await person.writeTo(subject)).status).toBe(200);
    const parked = await waitFor('it is parked', async () => (await parkedEvents())[0], { timeoutMs: 20_000 });
    expect(parked.table).toBe('mail_outbox');
    expect(await holdingGates('extracted')).toContain('parked');
    await query('notifications', 'postgres', 'alter table mail_outbox drop constraint no_parking');
    await fetch(`${stack.urls.cdc}/flows/f.notifications/parked/replay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tenant: parked.tenant }),
    });
    await waitFor('nothing is parked', async () => (await parkedEvents()).length === 0, { timeoutMs: 20_000 });
    expect((await verify()).verdict).toBe('clean');
    expect(await holdingGates('extracted')).not.toContain('parked');
  });

  test.each(['apply.batch.before-commit', 'apply.batch.after-commit'])(
    'an applier killed at %s loses and doubles nothing',
    async (point) => {
      const pid = stack.pid('cdc');
      await arm('cdc', point, 'kill');
      await waitFor('the applier is killed', () => stack.pid('cdc') !== pid, { timeoutMs: 20_000 });
      await stack.start('cdc');
      await waitFor('both flows run', async () => !(await holdingGates('extracted')).includes('flows'), { timeoutMs: 40_000 });
      expect((await verify()).verdict).toBe('clean');
    },
  );

  test('with Connect killed a cutover is held and says which flow; it is carried out when the flows are back', async () => {
    await bringTo('canary');
    await stack.kill('connect', 'SIGKILL', { stayDown: true });
    await waitFor('the flows are known to be down', async () => (await holdingGates('extracted')).includes('flows'), { timeoutMs: 20_000 });
    const id = await control.ask('extracted');
    const waiting = await waitFor('the intent says what it waits for', async () => {
      const report = await control.intent(id);
      return report.gates.some((gate) => gate.gate === 'flows') ? report : undefined;
    });
    expect(waiting.state).toBe('waiting');
    expect(waiting.reason).toMatch(/flows/);
    expect((await control.status()).owner).toBe('legacy');
    await stack.start('connect');
    expect(await follow(id)).toMatchObject({ state: 'done' });
    expect((await control.status()).owner).toBe('extracted');
  });
});

describe('while the service owns', () => {
  beforeAll(() => bringTo('extracted'));

  test('a writer that bypasses the gateway is refused by the legacy’s database', async () => {
    const cron = query('legacy', 'legacy_app', `update "EmailOutbox" set "isPaused" = "isPaused"`);
    await expect(cron).rejects.toMatchObject({ code: 'SF001' });
    const truncate = query('legacy', 'postgres', 'truncate "EmailOutbox"');
    await expect(truncate).rejects.toThrow();
  });

  test('a sign-up still gets its verification mail, once, from the service', async () => {
    const person = await Person.signUp(stack.urls.gateway);
    await waitFor('the mail', async () => (await mailsTo(person.email)) > 0, { timeoutMs: 20_000 });
    const rows = await query(
      'notifications',
      'postgres',
      `select id from mail_outbox where recipient->>'user_id' = $1 or recipient->'emails' ? $2`,
      [person.id, person.email],
    );
    expect(rows).toHaveLength(1);
    expect(await mailsTo(person.email)).toBe(1);
  });

  test('a user deleted in the legacy loses their preferences at the service', async () => {
    const person = await Person.signUp(stack.urls.gateway);
    expect((await person.setMarketing(false)).status).toBe(200);
    expect(await copiesOf(person.id)).toHaveLength(1);
    expect((await person.delete()).status).toBe(200);
    await waitFor('the service has cleaned up', async () => (await copiesOf(person.id)).length === 0, { timeoutMs: 20_000 });
    expect((await person.writeTo('too late')).status).toBe(400);
  });

  test('a sign-up in the middle of a flip gets its mail exactly once', async () => {
    await arm('migrate', 'move.compare.before', 'delay:400');
    const id = await control.ask('replicating');
    await waitFor('writes are held', async () => (await control.status()).move === 'holding', { timeoutMs: 30_000 });
    const person = await Person.signUp(stack.urls.gateway);
    expect(await follow(id)).toMatchObject({ state: 'done' });
    await waitFor('the mail', async () => (await mailsTo(person.email)) > 0, { timeoutMs: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await mailsTo(person.email)).toBe(1);
    await disarm('migrate');
  });
});

test('through all of it no request failed, nothing was lost, doubled or read stale', async () => {
  const report = await finish();
  expect(report.details).toEqual([]);
  expect(isClean(report)).toBe(true);
});

async function copiesOf(userId: string): Promise<{ enabled: boolean }[]> {
  return query('notifications', 'postgres', 'select enabled from notification_preference where project_user_id = $1', [userId]);
}

/** As no application can: past the guard, and under an origin, so that the stream does not carry it either. */
async function changeBehindTheBack(userId: string): Promise<void> {
  await query(
    'notifications',
    'postgres',
    `select pg_replication_origin_create('behind_the_back') where not exists (select from pg_replication_origin where roname = 'behind_the_back');
     select pg_replication_origin_session_setup('behind_the_back');
     begin; set local session_replication_role = replica;
     update notification_preference set enabled = not enabled where project_user_id = '${userId}'; commit`,
  );
}

async function parkedEvents(): Promise<{ table: string; tenant: string }[]> {
  const response = await fetch(`${stack.urls.cdc}/flows/f.notifications/parked`);
  return (await response.json()) as { table: string; tenant: string }[];
}

async function mailsTo(email: string): Promise<number> {
  const response = await fetch(`${stack.urls.mailbox}/api/v1/all`);
  const mails = (await response.json()) as { to: string[] }[];
  return mails.filter((mail) => mail.to.some((address) => address.includes(email))).length;
}

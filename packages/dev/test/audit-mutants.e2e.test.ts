import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Person } from './person.ts';
import { arm, bringTo, control, disarm, query, stack, verify } from './shared-stack.ts';

// Each demo walks all the way, and a refused cutover is tried three times.
vi.setConfig({ testTimeout: 240_000 });

beforeEach(async () => {
  await repair();
  await bringTo('replicating');
});
afterEach(async () => {
  for (const part of ['cdc', 'gatewayAdmin', 'migrate'] as const) await disarm(part);
});

test('a short demo of the system as it is, is green', async () => {
  const { code, figures } = await shortDemo();
  expect(figures).toMatchObject({
    flips: 1,
    failed: 0,
    lost: 0,
    doubled: 0,
    unexplained: 0,
    staleOwnReads: 0,
    mailsDoubled: 0,
    details: [],
  });
  expect(code).toBe(0);
});

test('a dropped event turns the short demo red: the databases are found to differ, and nothing flips', async () => {
  const person = await quietPerson();
  await arm('cdc', 'apply.event.drop', 'trigger');
  expect((await person.setMarketing(false)).status).toBe(200);
  await expectRedDemo();
});

test('an event applied twice turns the short demo red: the databases are found to differ, and nothing flips', async () => {
  const person = await quietPerson();
  await arm('cdc', 'apply.event.twice', 'trigger');
  expect((await person.setMarketing(false)).status).toBe(200);
  await waitFor('the first event is applied', async () => (await copyOf(person)) === false);
  expect((await person.setMarketing(true)).status).toBe(200);
  await expectRedDemo();
});

test('held writes let through to both sides turn the short demo red: the audit counts them twice', async () => {
  await arm('gatewayAdmin', 'gateway.hold.leak', 'trigger', 100);
  await arm('migrate', 'move.fence.before', 'delay:500');
  const { code, figures } = await shortDemo();
  expect(code).toBe(1);
  expect(figures).toMatchObject({ flips: 1 });
  expect(Number(figures['doubled'])).toBeGreaterThan(0);
});

/** Somebody whose preference is the only thing that changes now: the next event is theirs. */
async function quietPerson(): Promise<Person> {
  const person = await Person.signUp(stack.urls.gateway);
  expect((await person.setMarketing(true)).status).toBe(200);
  const unsent = `select id from "EmailOutbox" where "finishedSendingAt" is null`;
  await waitFor('every mail is sent', async () => (await query('legacy', 'postgres', unsent)).length === 0, { timeoutMs: 20_000 });
  await waitFor('both sides are equal', async () => (await verify()).verdict === 'clean', { timeoutMs: 20_000 });
  return person;
}

async function copyOf(person: Person): Promise<boolean | undefined> {
  const sql = 'select enabled from notification_preference where project_user_id = $1';
  return (await query<{ enabled: boolean }>('notifications', 'postgres', sql, [person.id]))[0]?.enabled;
}

async function expectRedDemo(): Promise<void> {
  const { code, figures } = await shortDemo();
  expect(code).toBe(1);
  expect(figures).toMatchObject({ flips: 0, failure: expect.stringMatching(/rows? (that )?differ/) });
}

/** Key columns and a column to touch of each table of the slice; names at the service, the legacy's in `legacyName`. */
const tables: Record<string, { legacyName: string; key: string[]; touch: string }> = {
  mail_outbox: { legacyName: 'EmailOutbox', key: ['tenancy_id', 'id'], touch: 'updated_at' },
  notification_preference: {
    legacyName: 'UserNotificationPreference',
    key: ['tenancy_id', 'project_user_id', 'notification_category_id'],
    touch: 'updated_at',
  },
  inbox_done: { legacyName: 'InboxDone', key: ['tenancy_id', 'source', 'event_id'], touch: 'done_at' },
};

/** What a mutant spoiled is mended as an operator would: a real change, at their owner, of the rows that differ. */
async function repair(): Promise<void> {
  const { owner } = await control.status();
  for (const { table, pk } of (await verify()).mismatches) {
    const { legacyName, key, touch } = tables[table] ?? { legacyName: table, key: [], touch: '' };
    const name = (column: string) =>
      owner === 'legacy' ? `"${column.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase())}"` : column;
    const where = key.map((column, index) => `${name(column)}::text = $${index + 1}`).join(' and ');
    const [database, relation] = owner === 'legacy' ? ['legacy', `"${legacyName}"`] : ['notifications', table];
    await query(database, 'postgres', `update ${relation} set ${name(touch)} = ${name(touch)} where ${where}`, JSON.parse(pk) as unknown[]);
  }
  await waitFor('both sides are equal', async () => (await verify()).verdict === 'clean', { timeoutMs: 20_000 });
}

/** `npm run demo -- --short` on this stack. */
async function shortDemo(): Promise<{ code: number | null; figures: Record<string, unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), 'atlas-demo-'));
  const file = join(folder, 'figures.json');
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/demo.ts'), '--short', '--json', file], {
    env: { ...process.env, ATLAS_STACK_PREFIX: String(stack.prefix) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  const figures = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  rmSync(folder, { recursive: true });
  return { code, figures };
}

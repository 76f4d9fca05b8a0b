import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { arm, bringTo, disarm, query, stack, verify } from './shared-stack.ts';

beforeEach(async () => {
  await bringTo('replicating');
  await repair();
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

test.each([
  ['dropped events', 'apply.event.drop', 3],
  ['events applied twice', 'apply.event.twice', 500],
] as const)('%s turn the short demo red: the databases are found to differ, and nothing flips', async (_name, failpoint, times) => {
  // A row's later event carries all of it and heals what an earlier one spoiled: so more than one.
  await arm('cdc', failpoint, 'trigger', times);
  const { code, figures } = await shortDemo();
  expect(code).toBe(1);
  expect(figures).toMatchObject({ flips: 0, failure: expect.stringMatching(/rows? (that )?differ/) });
});

test('held writes let through to both sides turn the short demo red: the audit counts them twice', async () => {
  await arm('gatewayAdmin', 'gateway.hold.leak', 'trigger', 100);
  await arm('migrate', 'move.fence.before', 'delay:500');
  const { code, figures } = await shortDemo();
  expect(code).toBe(1);
  expect(figures).toMatchObject({ flips: 1 });
  expect(Number(figures['doubled'])).toBeGreaterThan(0);
});

/** Each table's name and key columns at the source, by its name at the service. */
const sources: Record<string, { table: string; key: string[]; touch: string }> = {
  mail_outbox: { table: 'EmailOutbox', key: ['tenancyId', 'id'], touch: 'updatedAt' },
  notification_preference: {
    table: 'UserNotificationPreference',
    key: ['tenancyId', 'projectUserId', 'notificationCategoryId'],
    touch: 'updatedAt',
  },
  inbox_done: { table: 'InboxDone', key: ['tenancyId', 'source', 'eventId'], touch: 'doneAt' },
};

/** What a mutant spoiled is mended as an operator would: a real change, at their source, of the rows that differ. */
async function repair(): Promise<void> {
  for (const { table, pk } of (await verify()).mismatches) {
    const source = sources[table];
    if (source === undefined) throw new Error(`nobody knows the source of ${table}`);
    const where = source.key.map((column, index) => `"${column}"::text = $${index + 1}`).join(' and ');
    const { touch } = source;
    await query('legacy', 'postgres', `update "${source.table}" set "${touch}" = "${touch}" where ${where}`, JSON.parse(pk) as unknown[]);
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

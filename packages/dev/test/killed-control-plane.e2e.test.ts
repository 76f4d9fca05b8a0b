import type { Phase, Side } from '@atlas/contracts/ledger';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isClean } from '../src/audit.ts';
import { AuditedTraffic } from './audited-traffic.ts';
import { arm, bringTo, control, query, stack } from './shared-stack.ts';

// After one step is before the next: each boundary of a move once. The commit point is the only place where the answer changes.
const beforeCommit = ['hold.before', 'hold.after', 'drain.after', 'fence.after', 'catch-up.after', 'compare.after', 'prepare.after'];
const afterCommit = ['commit.after', 'reads.after', 'open.after'];

const traffic = new AuditedTraffic();
let isFinished = false;

beforeAll(async () => {
  await bringTo('canary');
  await traffic.start();
});
afterAll(async () => {
  if (!isFinished) await traffic.finish();
});

test.each(beforeCommit)('a cutover whose control plane is killed at %s is aborted: the legacy goes on', async (point) => {
  await bringTo('canary');
  expect(await killAt(point, 'extracted')).toMatchObject({ owner: 'legacy', reads: 'legacy', phase: 'canary' });
  expect(await writableSide()).toEqual(['legacy']);
});

test.each(afterCommit)('a cutover whose control plane is killed at %s is finished: the service owns', async (point) => {
  await bringTo('canary');
  expect(await killAt(point, 'extracted')).toMatchObject({ owner: 'extracted', reads: 'extracted', phase: 'extracted' });
  expect(await writableSide()).toEqual(['extracted']);
  await bringTo('replicating');
});

test.each(beforeCommit)('a reverse whose control plane is killed at %s is aborted: the service goes on', async (point) => {
  await bringTo('extracted');
  expect(await killAt(point, 'replicating')).toMatchObject({ owner: 'extracted', reads: 'extracted', phase: 'extracted' });
  expect(await writableSide()).toEqual(['extracted']);
});

test.each(afterCommit)('a reverse whose control plane is killed at %s is finished: the legacy owns', async (point) => {
  await bringTo('extracted');
  expect(await killAt(point, 'replicating')).toMatchObject({ owner: 'legacy', reads: 'legacy', phase: 'replicating' });
  expect(await writableSide()).toEqual(['legacy']);
});

test('through all of it no request failed, nothing was lost, doubled or read stale', async () => {
  isFinished = true;
  const report = await traffic.finish();
  expect(report.details).toEqual([]);
  expect(isClean(report)).toBe(true);
  expect(report.acknowledgedWrites).toBeGreaterThan(200);
});

/** Asks for a move, kills the control plane (-9) at the point, starts it again, and answers where the unit came to rest. */
async function killAt(point: string, want: Phase) {
  const pid = stack.pid('migrate');
  const isKilled = () => stack.pid('migrate') !== pid;
  await arm('migrate', `move.${point}`, 'kill');
  let id = await control.ask(want);
  await waitFor(
    `the control plane is killed at ${point}`,
    async () => {
      // On a busy machine a move may run out of its two seconds before it comes to the point: ask again.
      if (!isKilled() && (await stateOf(id)) === 'failed') id = await control.ask(want);
      return isKilled();
    },
    { timeoutMs: 60_000 },
  );
  await stack.start('migrate');
  return waitFor('the unit rests', async () => {
    const status = await control.status();
    return status.move === null && status.intent?.state !== 'running' ? status : undefined;
  });
}

async function stateOf(id: number): Promise<string> {
  return (await control.intent(id)).state;
}

/** Sides whose fence lets the slice be written, as each database itself says. */
async function writableSide(): Promise<Side[]> {
  const sides = [
    ['legacy', 'legacy'],
    ['notifications', 'extracted'],
  ] as const;
  const fences = await Promise.all(
    sides.map(async ([database, side]) => {
      const [fence] = await query<{ owner: string }>(
        database,
        'postgres',
        `select owner from strangler.fence where slice = 'notifications' and tenant = '*'`,
      );
      return fence?.owner === 'here' ? [side] : [];
    }),
  );
  return fences.flat();
}

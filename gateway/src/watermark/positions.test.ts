import { createLogger } from '@atlas/kit/logger';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Applied, Positions } from './positions.ts';

let nowMs: number;
let position: bigint | Error;
let applied: Applied | Error;
/** While set, positions are answered by it. */
let slow: Promise<bigint> | undefined;
let positions: Positions;

beforeEach(() => {
  vi.useFakeTimers();
  nowMs = 0;
  position = 100n;
  slow = undefined;
  applied = { incarnation: 1, lsn: 100n, blockedTenants: 0 };
  positions = new Positions({
    slice: 'notifications',
    nowMs: () => nowMs,
    log: createLogger('test', 'silent'),
    source: { position: async () => slow ?? given(position), applied: async () => given(applied) },
  });
});
afterEach(() => {
  positions.stop();
  vi.useRealTimers();
});

function given<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}

/** Lets timers and promises run for a while of the test's own clock. */
async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 1) {
    nowMs += 1;
    await vi.advanceTimersByTimeAsync(1);
  }
}

test('outside the phases in which a copy may answer nothing is asked and nothing is believed', async () => {
  positions.enter('replicating');
  position = new Error('must not be asked');
  await positions.note('a');
  expect(positions.standing('a')).toBe('unknown');
  expect(positions.headerFor('a')).toBeUndefined();
});

test('entering canary tags everything before with the position now', async () => {
  positions.enter('canary');
  expect(positions.standing('a')).toBe('unknown');
  applied = { incarnation: 1, lsn: 99n, blockedTenants: 0 };
  await pass(5);
  await positions.settle('a', 0);
  expect(positions.neededLsn('a')).toBe(100n);
});

test('a tenant reads from the copy only after the copy has applied its last write', async () => {
  positions.enter('canary');
  await pass(5);
  expect(positions.standing('a')).toBe('applied');
  position = 200n;
  await positions.note('a');
  expect([positions.standing('a'), positions.standing('b')]).toEqual(['behind', 'applied']);
  applied = { incarnation: 1, lsn: 200n, blockedTenants: 0 };
  const settled = positions.settle('a', 50);
  await pass(10);
  expect(await settled).toBe('applied');
});

test('the wait for a copy ends with its budget', async () => {
  positions.enter('canary');
  await pass(5);
  position = 200n;
  await positions.note('a');
  const settled = positions.settle('a', 50);
  await pass(80);
  expect(await settled).toBe('behind');
});

test('a write of an unknown tenant may be of any', async () => {
  positions.enter('canary');
  await pass(5);
  position = 200n;
  await positions.note(undefined);
  expect([positions.standing('a'), positions.standing('b')]).toEqual(['behind', 'behind']);
});

test('a tenant that cannot be named reads from the owner', async () => {
  positions.enter('canary');
  await pass(5);
  expect(positions.standing(undefined)).toBe('unknown');
});

test('a position that could not be read leaves everyone to the owner until a later one covers the write', async () => {
  positions.enter('canary');
  await pass(5);
  position = new Error('away');
  await positions.note('a');
  expect([positions.standing('a'), positions.standing('b')]).toEqual(['unknown', 'unknown']);
  position = 300n;
  applied = { incarnation: 1, lsn: 300n, blockedTenants: 0 };
  await pass(1_200);
  await positions.settle('a', 0);
  const settled = positions.settle('a', 50);
  await pass(5);
  expect(await settled).toBe('applied');
  expect(positions.neededLsn('a')).toBe(300n);
});

test('a position asked for before a write failed to be noted does not cover that write', async () => {
  positions.enter('canary');
  await pass(5);
  position = new Error('away');
  await positions.note('a');
  let answerCover: (lsn: bigint) => void = () => {};
  slow = new Promise<bigint>((resolve) => {
    answerCover = resolve;
  });
  await pass(600);
  const noted = positions.note('b');
  slow = undefined;
  answerCover(50n);
  await noted;
  expect(positions.standing('b')).toBe('unknown');
});

test('with something parked the copy answers nobody', async () => {
  applied = { incarnation: 1, lsn: 500n, blockedTenants: 1 };
  positions.enter('canary');
  await pass(5);
  expect(positions.standing('a')).toBe('parked');
});

test('an old answer about the copy is not believed', async () => {
  positions.enter('canary');
  await pass(5);
  expect(positions.standing('a')).toBe('applied');
  applied = new Error('away');
  await pass(1_100);
  expect(positions.standing('a')).toBe('unknown');
  const settled = positions.settle('a', 50);
  await pass(80);
  expect(await settled).toBe('unknown');
});

test('a new incarnation of the flow starts from a new floor', async () => {
  positions.enter('canary');
  await pass(5);
  position = 400n;
  applied = { incarnation: 2, lsn: 150n, blockedTenants: 0 };
  await pass(1_100);
  const settled = positions.settle('a', 20);
  await pass(40);
  expect(await settled).toBe('behind');
  expect(positions.neededLsn('a')).toBe(400n);
});

test('leaving canary and coming back forgets what was noted', async () => {
  positions.enter('canary');
  await pass(5);
  position = 900n;
  await positions.note('a');
  positions.enter('replicating');
  position = 1_000n;
  positions.enter('canary');
  expect(positions.standing('a')).toBe('unknown');
  await pass(5);
  expect(positions.neededLsn('b')).toBe(1_000n);
});

test('the header names flow, incarnation and position; what is not known is later than everything', async () => {
  positions.enter('extracted');
  expect(positions.headerFor('a')).toBe('f.notifications@0:FFFFFFFF/FFFFFFFF');
  await pass(5);
  position = 0x1_0000_0010n;
  await positions.note('a');
  expect(positions.headerFor('a')).toBe('f.notifications@1:1/10');
  expect(positions.headerFor('b')).toBe('f.notifications@1:0/64');
});

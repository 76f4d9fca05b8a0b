import type { Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { expect, test } from 'vitest';
import type { UnitRow } from '../ports/ledger.ts';
import { testUnit } from '../testing.memory.ts';
import { compareAndSet } from './compare-and-set.ts';

type Script = ('write' | 'lost-before' | 'lost-after' | 'conflict')[];

/** A row that does what the script says, one word an attempt; `meanwhile` is what somebody else writes after a lost answer. */
function row(script: Script, meanwhile: Partial<Unit> | null = null): UnitRow & { current: Unit; attempts: number } {
  const state = { current: testUnit({ version: 4n }), attempts: 0, isLost: false };
  return Object.assign(state, {
    read: async () => ({ unit: state.current, revision: 9n }),
    tryWrite: async (_expected: Unit, wanted: Unit) => {
      const word = script[state.attempts];
      state.attempts += 1;
      if (word === 'conflict') return 'conflict' as const;
      if (word !== 'lost-before') state.current = wanted;
      if (word === 'write') return { unit: wanted, revision: 9n };
      if (meanwhile !== null) state.current = { ...state.current, ...meanwhile };
      throw new Error('answer lost');
    },
  });
}

const set = (on: UnitRow) => compareAndSet(on, testUnit({ version: 4n }), { move: 'holding' }, { kind: 'test', payload: {} });

test('a written row is answered with its new version', async () => {
  expect((await set(row(['write']))).unit).toMatchObject({ move: 'holding', version: 5n });
});

test('an answer lost before the write: the version is the one sent, so it is tried again', async () => {
  const on = row(['lost-before', 'write']);
  expect((await set(on)).unit.version).toBe(5n);
  expect(on.attempts).toBe(2);
});

test('an answer lost after the write: exactly our row one version on is ours', async () => {
  const on = row(['lost-after']);
  expect(await set(on)).toMatchObject({ unit: { move: 'holding', version: 5n }, revision: 9n });
  expect(on.attempts).toBe(1);
});

test.each([
  ['somebody else wrote one version on', { version: 5n, owner: 'extracted' as const }],
  ['somebody else wrote two versions on', { version: 6n }],
])('an answer lost and %s: stop', async (_label, meanwhile) => {
  await expect(set(row(['lost-after'], meanwhile))).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
});

test('a plain conflict stops at once; the expected version is never refreshed', async () => {
  const on = row(['conflict', 'write']);
  await expect(set(on)).rejects.toMatchObject({ code: 'LEDGER_CONFLICT' });
  expect(on.attempts).toBe(1);
});

test('a lost session is LOCK_LOST, whatever became of the write', async () => {
  const on = Object.assign(row(['lost-after']), { isLost: true });
  await expect(set(on)).rejects.toMatchObject({ code: 'LOCK_LOST' });
});

test('after three lost answers it gives up', async () => {
  await expect(set(row(['lost-before', 'lost-before', 'lost-before']))).rejects.toThrow(AppError);
});

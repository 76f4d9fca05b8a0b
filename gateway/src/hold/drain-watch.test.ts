import type { LedgerView, Move, Unit } from '@atlas/contracts/ledger';
import { expect, test } from 'vitest';
import { DrainWatch } from './drain-watch.ts';

const none = () => 0;
const some = (slice: string) => (name: string) => (name === slice ? 1 : 0);

function view(revision: bigint, moves: Record<string, Move | null>): LedgerView {
  const units = Object.entries(moves).map(
    ([slice, move]): Unit => ({
      slice,
      tenant: '*',
      phase: 'canary',
      owner: 'legacy',
      reads: 'legacy',
      epoch: 1n,
      move,
      splitBasisPoints: 0,
      version: 1n,
    }),
  );
  return { revision, units, planRevision: 1n, gatewaysLeased: 1 };
}

test('with nothing in flight every revision is drained as soon as it is seen', () => {
  const watch = new DrainWatch();
  watch.see(view(5n, { mail: 'holding' }));
  expect(watch.drained(none)).toBe(5n);
});

test('a hold is not drained while a write of its unit is in flight', () => {
  const watch = new DrainWatch();
  watch.see(view(4n, { mail: null }));
  watch.see(view(5n, { mail: 'holding' }));
  expect(watch.drained(some('mail'))).toBe(4n);
  expect(watch.drained(none)).toBe(5n);
});

test('a write of another unit at rest does not matter', () => {
  const watch = new DrainWatch();
  watch.see(view(4n, { mail: null, teams: null }));
  watch.see(view(5n, { mail: 'holding', teams: null }));
  expect(watch.drained(some('teams'))).toBe(5n);
});

test('a later revision does not pass an older hold of another unit that is not drained', () => {
  const watch = new DrainWatch();
  watch.see(view(4n, { mail: null, teams: null }));
  watch.see(view(5n, { mail: 'holding', teams: null }));
  watch.see(view(9n, { mail: 'holding', teams: 'holding' }));
  expect(watch.drained(some('mail'))).toBe(4n);
  expect(watch.drained(some('teams'))).toBe(5n);
});

test('a hold seen late counts from the first revision it may have had', () => {
  const watch = new DrainWatch();
  watch.see(view(4n, { mail: null }));
  watch.see(view(9n, { mail: 'holding' }));
  expect(watch.drained(some('mail'))).toBe(4n);
});

test('a second hold of a unit is a new one', () => {
  const watch = new DrainWatch();
  watch.see(view(4n, { mail: null }));
  watch.see(view(5n, { mail: 'holding' }));
  watch.see(view(6n, { mail: null }));
  expect(watch.drained(some('mail'))).toBe(6n);
  watch.see(view(7n, { mail: 'holding' }));
  expect(watch.drained(some('mail'))).toBe(6n);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowsOf, tablesOf } from '../flows.ts';
import { notifications } from '../slices/notifications.ts';
import type { Item } from './batcher.ts';
import type { RowChange } from './event.ts';
import { type Facts, planBatch } from './plan-batch.ts';
import { isAfter, type Position, parseLsn, snapshotOrd } from './position.ts';

const [flow] = flowsOf(notifications);
const entry = tablesOf(flow).find(({ table }) => table.extracted === 'notification_preference');

function facts(more: Partial<Facts> = {}): Facts {
  return {
    incarnation: 1,
    commitLsn: 1n,
    watermarkSeq: null,
    versions: new Map(),
    fences: new Map([['t', { owner: 'none', epoch: 1n }]]),
    markerEpochs: new Map(),
    parked: new Set(),
    backfill: null,
    ...more,
  };
}

function item(offset: number, change: Partial<RowChange> & { position: Position }): Item {
  if (entry === undefined) throw new Error('no such table');
  const full: RowChange = {
    kind: 'upsert',
    entry,
    tenant: 't',
    pk: 'k',
    key: ['t', 'k'],
    values: ['v'],
    isSnapshot: false,
    at: '',
    ...change,
  };
  return {
    offset: BigInt(offset),
    value: '',
    event: { kind: 'row', origin: full.isSnapshot ? null : { txId: '1', position: full.position, isFirst: false }, changes: [full] },
  };
}

const at = (eventLsn: number): Position => ({ incarnation: 1, commitLsn: BigInt(eventLsn), eventLsn: BigInt(eventLsn), ord: 1n });

test('whatever a connector repeats, the target ends as the source', () => {
  const history = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), isDelete: fc.boolean() }), { minLength: 1, maxLength: 30 });
  const restarts = fc.array(fc.record({ at: fc.nat(30), back: fc.nat(30) }), { maxLength: 4 });
  fc.assert(
    fc.property(history, restarts, fc.integer({ min: 1, max: 7 }), (source, jumps, batchSize) => {
      const stream = source.map((op, index) =>
        item(index, { kind: op.isDelete ? 'delete' : 'upsert', pk: op.key, values: [String(index)], position: at(index + 1) }),
      );
      const read = jumps.reduce((records, jump) => {
        const until = Math.min(jump.at, records.length);
        return [...records.slice(0, until), ...records.slice(Math.max(0, until - jump.back))];
      }, stream);
      const expected = new Map(source.map((op, index) => [op.key, op.isDelete ? null : String(index)]));
      const target = new Map<string, string | null>();
      const known = facts();
      for (let start = 0; start < read.length; start += batchSize)
        for (const change of planBatch(read.slice(start, start + batchSize), known, 'extracted').rows)
          target.set(change.pk, change.kind === 'delete' ? null : (change.values[0] ?? null));
      expect(target).toEqual(expected);
    }),
  );
});

test('positions compare by incarnation, last commit, own position, order', () => {
  const position = (incarnation: number, commitLsn: bigint, eventLsn: bigint, ord: bigint): Position => ({
    incarnation,
    commitLsn,
    eventLsn,
    ord,
  });
  const rising = [
    position(1, 9n, 9n, 9n),
    position(2, 1n, 1n, 1n),
    position(2, 2n, 1n, 1n),
    position(2, 2n, 2n, 1n),
    position(2, 2n, 2n, 2n),
    position(2, 2n, 2n, snapshotOrd),
  ];
  rising.forEach((a, i) => {
    rising.forEach((b, j) => {
      expect(isAfter(a, b)).toBe(i > j);
    });
  });
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
});

test('a row of an older incarnation loses, also against a snapshot row', () => {
  const version = { position: { incarnation: 1, commitLsn: 99n, eventLsn: 99n, ord: 1n }, deleted: false };
  const known = facts({
    incarnation: 2,
    commitLsn: null,
    versions: new Map([['notification_preference k', version]]),
    backfill: { id: 'b', tenant: '*', epoch: 1n, state: 'open' },
  });
  const plan = planBatch(
    [item(1, { isSnapshot: true, position: { incarnation: 2, commitLsn: 1n, eventLsn: 1n, ord: snapshotOrd } })],
    known,
    'extracted',
  );
  expect(plan.counts).toEqual({ applied: 1, skipped: 0, droppedSnapshotRows: 0 });
});

test('an event for a unit the target owns stops the flow only when it is newer than its row', () => {
  const known = facts({
    fences: new Map([['t', { owner: 'here', epoch: 2n }]]),
    versions: new Map([['notification_preference k', { position: at(5), deleted: false }]]),
  });
  expect(planBatch([item(1, { position: at(5) })], known, 'extracted').counts.skipped).toBe(1);
  expect(() => planBatch([item(2, { position: at(6) })], known, 'extracted')).toThrow(/FOREIGN_EVENT/);
});

test('without a fence at the target nothing is written', () => {
  expect(() => planBatch([item(1, { position: at(5) })], facts({ fences: new Map() }), 'extracted')).toThrow(/FLOW_STOPPED/);
});

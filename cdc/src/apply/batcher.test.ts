import { expect, test } from 'vitest';
import { Batcher, type Item } from './batcher.ts';
import type { StreamEvent } from './event.ts';

let offset = 0n;
function item(event: StreamEvent): Item {
  offset += 1n;
  return { offset, value: '', event };
}
const begin = (txId: string) => item({ kind: 'begin', txId });
const end = (txId: string, eventCount: number) => item({ kind: 'end', txId, eventCount });
const row = (txId: string) =>
  item({ kind: 'row', changes: [], origin: { txId, isFirst: false, position: { incarnation: 1, commitLsn: 1n, eventLsn: 1n, ord: 1n } } });
const snapshotRow = () => item({ kind: 'row', changes: [], origin: null });
const sizes = (batches: { items: Item[] }[]) => batches.map((batch) => batch.items.length);

test('a transaction waits for its end, and what is complete does not wait for the next', () => {
  const batcher = new Batcher();
  expect(sizes(batcher.push([begin('1'), row('1'), row('1')]))).toEqual([]);
  expect(sizes(batcher.push([end('1', 2), begin('2')]))).toEqual([4]);
  expect(sizes(batcher.push([row('2'), end('2', 1)]))).toEqual([3]);
  expect(batcher.miscounted).toBe(0);
});

test('without its END, a transaction ends where the next one begins', () => {
  const batcher = new Batcher();
  expect(sizes(batcher.push([row('1'), row('1'), row('2')]))).toEqual([2]);
});

test('a snapshot row outside of a transaction does not wait', () => {
  expect(sizes(new Batcher().push([snapshotRow(), snapshotRow()]))).toEqual([2]);
});

test('the next offset is one past the last record, and batches keep to their size', () => {
  const batcher = new Batcher({ events: 4, splitEvents: 100 });
  const items = ['1', '2', '3', '4'].flatMap((txId) => [begin(txId), row(txId), end(txId, 1)]);
  const batches = batcher.push(items);
  expect(sizes(batches)).toEqual([6, 6]);
  expect(batches.map((batch) => batch.nextOffset)).toEqual([(items[5]?.offset ?? 0n) + 1n, (items[11]?.offset ?? 0n) + 1n]);
});

test('a transaction too large for one batch comes in parts, and says so', () => {
  const batcher = new Batcher({ events: 2, splitEvents: 3 });
  const parts = batcher.push([begin('1'), row('1'), row('1'), row('1'), row('1')]);
  expect(parts.map((part) => [part.items.length, part.isPartial])).toEqual([[3, true]]);
  expect(batcher.isInsideSplit).toBe(true);
  expect(sizes(batcher.push([end('1', 4)]))).toEqual([3]);
  expect(batcher.isInsideSplit).toBe(false);
});

test('a transaction with another number of events than its END says is noticed', () => {
  const batcher = new Batcher();
  batcher.push([begin('1'), row('1'), end('1', 2)]);
  expect(batcher.miscounted).toBe(1);
  // Its begin was not seen (a restart in its middle): no verdict.
  batcher.push([row('2'), end('2', 5)]);
  expect(batcher.miscounted).toBe(1);
});

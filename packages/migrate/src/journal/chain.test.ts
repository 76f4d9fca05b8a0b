import type { JournalEntry } from '@atlas/contracts/control';
import { expect, test } from 'vitest';
import { entryHash, firstBreak, genesisHash, plainPayload } from './chain.ts';

function chain(length: number): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (let index = 1; index <= length; index += 1) {
    const entry = {
      seq: String(index),
      at: '2026-01-01T00:00:00.000Z',
      slice: 's',
      tenant: '*',
      kind: 'k',
      payload: { index },
      prevHash: entries.at(-1)?.hash ?? genesisHash,
    };
    entries.push({ ...entry, hash: entryHash(entry) });
  }
  return entries;
}

test('an untouched chain holds', () => {
  expect(firstBreak(chain(5))).toBeNull();
  expect(firstBreak([])).toBeNull();
});

test.each([
  [
    'a changed payload',
    (entries: JournalEntry[]) => entries.map((entry) => (entry.seq === '3' ? { ...entry, payload: { index: 9 } } : entry)),
    '3',
  ],
  ['a removed entry', (entries: JournalEntry[]) => entries.filter((entry) => entry.seq !== '3'), '4'],
  [
    'a changed time',
    (entries: JournalEntry[]) => entries.map((entry) => (entry.seq === '2' ? { ...entry, at: '2026-01-02T00:00:00.000Z' } : entry)),
    '2',
  ],
  [
    'a forged entry with a right hash of its own',
    (entries: JournalEntry[]) =>
      entries.map((entry) => (entry.seq === '2' ? { ...entry, kind: 'x', hash: entryHash({ ...entry, kind: 'x' }) } : entry)),
    '3',
  ],
])('%s is found', (_label, forge, broken) => {
  expect(firstBreak(forge(chain(5)))).toBe(broken);
});

test('the order of keys, which jsonb forgets, does not change a hash; bigint is written as text', () => {
  const base = { seq: '1', at: 't', slice: 's', tenant: '*', kind: 'k', prevHash: genesisHash };
  expect(entryHash({ ...base, payload: { a: 1, b: { c: 2, d: [3] } } })).toBe(
    entryHash({ ...base, payload: { b: { d: [3], c: 2 }, a: 1 } }),
  );
  expect(plainPayload({ epoch: 5n, gone: undefined })).toEqual({ epoch: '5' });
});

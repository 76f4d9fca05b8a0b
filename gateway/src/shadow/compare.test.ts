import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { differingPaths, type Observation } from './compare.ts';

const json = (value: unknown, change: Partial<Observation> = {}): Observation => ({
  status: 200,
  knownError: undefined,
  encoding: undefined,
  body: Buffer.from(JSON.stringify(value)),
  ...change,
});

test.each([
  ['equal bytes', json({ a: 1 }), json({ a: 1 })],
  ['another order of keys', json({ a: 1, b: 2 }), json({ b: 2, a: 1 })],
  ['another encoding', json({ a: 1 }), json({}, { encoding: 'gzip', body: gzipSync('{"a":1}') })],
  ['a volatile field', json({ a: 1, request_id: 'x' }), json({ a: 1, request_id: 'y' })],
  ['equal texts', json('', { body: Buffer.from('Not found.') }), json('', { body: Buffer.from('Not found.') })],
])('%s: the same answer', (_label, control, candidate) => {
  expect(differingPaths(control, candidate)).toEqual([]);
});

test.each([
  ['another status', json({}), json({}, { status: 404 }), ['(status)']],
  ['another known error', json({}, { knownError: 'A' }), json({}, { knownError: 'B' }), ['(known error)']],
  ['another value, deep', json({ items: [{ enabled: true }] }), json({ items: [{ enabled: false }] }), ['items[].enabled']],
  ['a missing field', json({ a: 1, b: null }), json({ a: 1 }), ['b']],
  ['null for a value', json({ a: null }), json({ a: 0 }), ['a']],
  ['another type', json({ a: 1 }), json({ a: '1' }), ['a']],
  ['a shorter list', json({ items: [1, 2] }), json({ items: [1] }), ['items[]']],
  ['another order of a list', json({ items: [1, 2] }), json({ items: [2, 1] }), ['items[]']],
  ['other texts', json('', { body: Buffer.from('a') }), json('', { body: Buffer.from('b') }), ['(body)']],
  ['a list for an object', json([]), json({}), ['(body)']],
])('%s: told by its path', (_label, control, candidate, paths) => {
  expect(differingPaths(control, candidate)).toEqual(paths);
});

test('a path holds no value and no key that could be one', () => {
  const control = json({ 'someone@example.com': 1, users: [{ '0b9a2f6e-1111-4111-8111-111111111111': 1 }] });
  const candidate = json({ 'someone@example.com': 2, users: [{ '0b9a2f6e-1111-4111-8111-111111111111': 2 }] });
  expect(differingPaths(control, candidate)).toEqual(['*', 'users[].*']);
});

import { unsubscribeCase } from '@atlas/kit/testing';
import { expect, test } from 'vitest';
import { readUnsubscribeCode, unsubscribeCode } from './unsubscribe-code.ts';

const { key, said, code } = unsubscribeCase;

test('a code is the one that the legacy makes, and is read as what was said', () => {
  expect(unsubscribeCode(key, said)).toBe(code);
  const read = readUnsubscribeCode(code);
  expect([read?.said, read?.isProvenBy(key), read?.isProvenBy(Buffer.alloc(32))]).toEqual([said, true, false]);
});

test('what is no code is not read', () => {
  for (const other of ['', 'x', code.slice(1), `${code}AAAA`]) expect(readUnsubscribeCode(other)).toBeUndefined();
});

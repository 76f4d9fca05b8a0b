import { unsubscribeCase } from '@atlas/kit/testing';
import { expect, test } from 'vitest';
import { readUnsubscribeCode, unsubscribeCode, unsubscribeKey } from './unsubscribe-code.ts';

const { key, said, code } = unsubscribeCase;

test('a code is the one that everybody makes, and is read as what was said', () => {
  expect(unsubscribeCode(key, said)).toBe(code);
  const read = readUnsubscribeCode(code);
  expect([read?.said, read?.isProvenBy(key)]).toEqual([said, true]);
});

test('a changed bit anywhere is not proven, and what is no code is not read', () => {
  const bytes = Buffer.from(code, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(readUnsubscribeCode(changed.toString('base64url'))?.isProvenBy(key)).toBe(false);
  }
  for (const other of ['', 'x', code.slice(1), `${code}AAAA`]) expect(readUnsubscribeCode(other)).toBeUndefined();
});

test('keys are of one project and one server', () => {
  const keys = [
    unsubscribeKey('secret one', said.tenancyId),
    unsubscribeKey('secret two', said.tenancyId),
    unsubscribeKey('secret one', said.userId),
  ];
  expect(new Set(keys.map((one) => one.toString('hex'))).size).toBe(3);
  expect(readUnsubscribeCode(unsubscribeCode(keys[0] ?? key, said))?.isProvenBy(keys[2] ?? key)).toBe(false);
});

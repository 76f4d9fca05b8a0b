import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from './lsn.ts';

test('positions compare as numbers, not as texts', () => {
  expect(parseLsn('0/9')).toBeLessThan(parseLsn('0/10'));
  expect(parseLsn('0/FFFFFFFF')).toBeLessThan(parseLsn('1/0'));
});

test.each(['0/0', '0/16B3748', 'A/FFFFFFFF', 'FFFFFFFF/FFFFFFFF'])('%s is written as it was read', (text) => {
  expect(formatLsn(parseLsn(text))).toBe(text);
});

test.each(['', '0', '0/', '/0', '0/123456789', 'x/1', '0/1 '])('"%s" is not a position', (text) => {
  expect(() => parseLsn(text)).toThrow(/not a WAL position/);
});

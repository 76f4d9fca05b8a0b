import { generateSync } from 'otplib';
import { describe, expect, test, vi } from 'vitest';
import { totpStep } from './totp.ts';

const secret = new Uint8Array(20).fill(7);
const at = Date.UTC(2026, 0, 1);
const step = at / 30_000;
const shown = (stepsAway: number) => generateSync({ secret, epoch: at / 1000 + stepsAway * 30 });

describe('a TOTP value', () => {
  const cases: [name: string, typed: string, lastStep: number | null, expected: number | null][] = [
    ['of now', shown(0), null, step],
    ['of the step before: typing takes a while', shown(-1), null, step - 1],
    ['of the step after: clocks differ', shown(1), null, step + 1],
    ['of two steps before', shown(-2), null, null],
    ['used before', shown(0), step, null],
    ['older than one used before', shown(-1), step, null],
    ['newer than one used before', shown(1), step, step + 1],
    ['with a letter', 'a12345', null, null],
    ['of seven digits', `${shown(0)}0`, null, null],
  ];
  test.each(cases)('%s', async (_name, typed, lastStep, expected) => {
    vi.useFakeTimers({ now: at });
    try {
      expect(await totpStep(secret, typed, lastStep)).toBe(expected);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([0, 1, 10, 64, 100])('is checked, never an error, for a secret of %i bytes', async (bytes) => {
    expect(await totpStep(new Uint8Array(bytes), '000000', null)).toBeNull();
  });
});

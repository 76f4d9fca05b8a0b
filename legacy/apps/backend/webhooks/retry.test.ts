import { expect, test } from 'vitest';
import { nextPauseMs } from './retry.ts';

test('pauses grow, are spread by a tenth each way, and end after eight attempts', () => {
  const pauses = Array.from({ length: 8 }, (_, index) => nextPauseMs(index + 1, 0.5));
  expect(pauses).toEqual([5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000, null]);
  expect([nextPauseMs(1, 0), nextPauseMs(1, 1)]).toEqual([4_500, 5_500]);
});

import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

test('a thing is left alone for longer each time in a row, up to two seconds, and at once again after it worked', () => {
  let now = 0;
  const backoff = new Backoff(() => now);
  const pauses: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    backoff.note('t');
    const start = now;
    while (backoff.waiting().includes('t')) now += 10;
    pauses.push(now - start);
  }
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
  backoff.clear('t');
  backoff.note('t');
  now += 250;
  expect(backoff.waiting()).toEqual([]);
});

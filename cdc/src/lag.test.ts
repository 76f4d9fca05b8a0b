import { expect, test } from 'vitest';
import { LagWindow } from './lag.ts';

test('the 99th percentile looks back one minute', () => {
  let now = 0;
  const window = new LagWindow(() => now);
  expect(window.p99()).toBeNull();
  for (let lagMs = 1; lagMs <= 100; lagMs += 1) window.add(lagMs);
  expect(window.p99()).toBe(99);
  now = 59_000;
  window.add(5);
  now = 61_000;
  expect(window.p99()).toBe(5);
});

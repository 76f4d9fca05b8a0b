import { expect, test } from 'vitest';
import { bucketOf } from './bucket.ts';

test('buckets agree with Unleash at whole percents', async () => {
  // Unleash: murmur3(`group:value`, 0) % 100 + 1 <= percent. Its own function is asked, not a copy of it.
  const { normalizedStrategyValue } = await import('unleash-client/lib/strategy/util.js');
  for (let index = 0; index < 500; index += 1) {
    const bucket = bucketOf('notifications', `user-${index}`);
    expect(Math.floor(bucket / 100) + 1).toBe(normalizedStrategyValue(`user-${index}`, 'notifications'));
  }
});

test('buckets are spread evenly over the 10,000', () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 20_000; index += 1) {
    const tenth = Math.floor(bucketOf('notifications', `u${index}`) / 1_000);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(250);
});

test('another slice draws other buckets', () => {
  const same = Array.from({ length: 1_000 }, (_, index) => `u${index}`).filter((user) => bucketOf('a', user) === bucketOf('b', user));
  expect(same.length).toBeLessThan(5);
});

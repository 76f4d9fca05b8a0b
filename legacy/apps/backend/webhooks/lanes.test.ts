import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

const never = () => new Promise<{ isAnswered: boolean }>(() => undefined);
const answered = async (isAnswered: boolean) => ({ isAnswered });

test('an endpoint is left alone while something is under way to it', async () => {
  const lanes = new Lanes();
  const { promise, resolve } = Promise.withResolvers<{ isAnswered: boolean }>();
  lanes.start('a', () => promise);
  expect(lanes.closed()).toEqual(['a']);
  resolve({ isAnswered: true });
  await lanes.idle();
  expect([lanes.closed(), lanes.suspects()]).toEqual([[], []]);
});

test('one that gives no answer is left alone longer each time, and trusted again after an answer', async () => {
  let now = 0;
  const lanes = new Lanes(() => now);
  const pauses: number[] = [];
  for (let times = 0; times < 8; times += 1) {
    lanes.start('a', () => answered(false));
    await lanes.idle();
    const began = now;
    while (lanes.closed().length > 0) now += 500;
    pauses.push(now - began);
    expect(lanes.suspects()).toEqual(['a']);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  lanes.start('a', () => answered(true));
  await lanes.idle();
  expect(lanes.suspects()).toEqual([]);
});

test('there are only so many lanes', async () => {
  const lanes = new Lanes();
  const { promise, resolve } = Promise.withResolvers<{ isAnswered: boolean }>();
  lanes.start('first', () => promise);
  while (lanes.free() > 0) lanes.start('other', never);
  let hasRoom = false;
  const room = lanes.room().then(() => {
    hasRoom = true;
  });
  await Promise.resolve();
  expect(hasRoom).toBe(false);
  resolve({ isAnswered: true });
  await room;
  expect(lanes.free()).toBe(1);
});

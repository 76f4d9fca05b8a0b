import { expect, test } from 'vitest';
import { coalesced } from './coalesced.ts';

function controlled() {
  const finish: ((value: number) => void)[] = [];
  const fail: ((error: Error) => void)[] = [];
  const query = () =>
    new Promise<number>((resolve, reject) => {
      finish.push(resolve);
      fail.push(reject);
    });
  return { ask: coalesced(query), finish, fail, queries: () => finish.length };
}

test('who asks while a query is in flight takes the next one, and all of them share it', async () => {
  const { ask, finish, queries } = controlled();
  const first = ask();
  const [second, third] = [ask(), ask()];
  expect(queries()).toBe(1);
  finish[0]?.(1);
  expect(await first).toBe(1);
  await Promise.resolve();
  expect(queries()).toBe(2);
  finish[1]?.(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
});

test('a failed query fails those who asked for it only', async () => {
  const { ask, finish, fail } = controlled();
  const first = ask();
  const second = ask();
  fail[0]?.(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await Promise.resolve();
  finish[1]?.(2);
  expect(await second).toBe(2);
});

test('after a query has ended the next who asks starts a new one', async () => {
  const { ask, finish, queries } = controlled();
  const first = ask();
  finish[0]?.(1);
  await first;
  const second = ask();
  expect(queries()).toBe(2);
  finish[1]?.(2);
  expect(await second).toBe(2);
});

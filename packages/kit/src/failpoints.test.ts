import { afterEach, expect, test } from 'vitest';
import { armFailpoint, disarmFailpoint, failpoint } from './failpoints.ts';

afterEach(() => disarmFailpoint('p'));

test('a failpoint that is not armed does nothing', async () => {
  expect(await failpoint('p')).toBe(false);
});

test('an armed one acts as often as told, then no more', async () => {
  armFailpoint('p', 'error', 2);
  await expect(failpoint('p')).rejects.toThrow(/failpoint p/);
  await expect(failpoint('p')).rejects.toThrow(/failpoint p/);
  expect(await failpoint('p')).toBe(false);
});

test('a paused one goes on when it is disarmed', async () => {
  armFailpoint('p', 'pause');
  let isPast = false;
  const passing = failpoint('p').then((hit) => {
    isPast = hit;
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(isPast).toBe(false);
  disarmFailpoint('p');
  await passing;
  expect(isPast).toBe(true);
});

test('an unknown action is refused', () => {
  expect(() => armFailpoint('p', 'explode' as never)).toThrow(/unknown failpoint action/);
});

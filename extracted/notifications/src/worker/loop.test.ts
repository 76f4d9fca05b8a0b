import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { expect, test, vi } from 'vitest';
import { createLoop } from './loop.ts';

function recorder() {
  const warn = vi.fn();
  return { warn, log: { warn } as unknown as Logger };
}

test('a step with work runs again at once; stop waits for the step under way', async () => {
  let steps = 0;
  let release = () => {};
  const { log } = recorder();
  const loop = createLoop({
    name: 'test',
    log,
    step: async () => {
      steps += 1;
      if (steps === 3)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return true;
    },
  });
  loop.start();
  await expect.poll(() => steps).toBe(3);
  let isStopped = false;
  const stopped = loop.stop().then(() => {
    isStopped = true;
  });
  await Promise.resolve();
  expect(isStopped).toBe(false);
  release();
  await stopped;
  expect(steps).toBe(3);
});

test('"not mine" is no error and is not logged; a failure is logged once, and work goes on after both', async () => {
  const { log, warn } = recorder();
  const errors = [new AppError('NOT_OWNER'), new Error('database gone'), new Error('database gone')];
  let successes = 0;
  const loop = createLoop({
    name: 'test',
    log,
    step: async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      successes += 1;
      return false;
    },
  });
  loop.start();
  await expect.poll(() => successes, { timeout: 5_000 }).toBeGreaterThan(0);
  await loop.stop();
  expect(warn).toHaveBeenCalledTimes(1);
});

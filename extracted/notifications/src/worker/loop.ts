import { AppError, errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';

export const loopLimits = { idleMs: 100, notMineMs: 250, failedMs: 1_000 } as const;

/** Runs one step again and again until stopped; stop waits for the step under way. */
export type Loop = { start(): void; stop(): Promise<void> };

/**
 * `step` answers whether it found something to do: then it runs again at once. NOT_OWNER means the slice is not this side's now: a pause, no
 * log. Any other error is logged once for each run of failures.
 */
export function createLoop(options: { name: string; step: () => Promise<boolean>; onNotMine?: () => void; log: Logger }): Loop {
  const { name, step, onNotMine, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const didSomething = await step();
        failures = 0;
        await pause(didSomething ? 0 : loopLimits.idleMs, stopping.signal);
      } catch (error) {
        const isNotMine = error instanceof AppError && error.code === 'NOT_OWNER';
        if (!isNotMine && failures === 0) log.warn({ loop: name, error: errorText(error) }, 'worker step failed, trying again');
        if (isNotMine) onNotMine?.();
        failures = isNotMine ? 0 : failures + 1;
        await pause(isNotMine ? loopLimits.notMineMs : loopLimits.failedMs, stopping.signal);
      }
    }
  }

  return {
    start: () => {
      running = run();
    },
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

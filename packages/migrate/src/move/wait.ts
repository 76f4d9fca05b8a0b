import { AppError } from '@atlas/kit/errors';
import type { Clock } from '../clock.ts';

const pollMs = 5;

/** Asks again until `read` answers something other than null. Throws MOVE_ABORTED with what was waited for once the deadline (monotonic) is over. */
export async function waitUntil<T>(clock: Clock, deadlineMs: number, label: string, read: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const value = await read();
    if (value !== null) return value;
    if (clock.monotonicMs() >= deadlineMs) throw new AppError('MOVE_ABORTED', { message: `${label}: not in time` });
    await clock.sleep(pollMs);
  }
}

const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

/** How long after each failed attempt the next one comes; after the last the delivery is given up. About a day in all. */
const pausesMs = [5 * seconds, 5 * minutes, 30 * minutes, 2 * hours, 5 * hours, 10 * hours, 10 * hours];
const jitter = 0.2;

/** When to try again after so many failed attempts, or null for never. `chance` is 0 to 1 and spreads deliveries that failed together. */
export function nextPauseMs(failedAttempts: number, chance: number): number | null {
  const pause = pausesMs[failedAttempts - 1];
  return pause === undefined ? null : Math.round(pause * (1 - jitter / 2 + jitter * chance));
}

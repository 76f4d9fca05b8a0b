/** Time as an argument. `monotonicMs` never goes back; `nowMs` is wall time. */
export type Clock = { nowMs(): number; monotonicMs(): number; sleep(ms: number): Promise<void> };

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

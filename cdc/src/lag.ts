const windowMs = 60_000;

/** Ages of the last applied tick, sampled; answers the 99th percentile over the last minute. */
export class LagWindow {
  readonly #clock: () => number;
  #samples: { at: number; lagMs: number }[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  add(lagMs: number): void {
    const now = this.#clock();
    this.#samples.push({ at: now, lagMs });
    while ((this.#samples[0]?.at ?? now) < now - windowMs) this.#samples.shift();
  }

  /** Null without samples. */
  p99(): number | null {
    const since = this.#clock() - windowMs;
    const lags = this.#samples
      .filter((sample) => sample.at >= since)
      .map((sample) => sample.lagMs)
      .sort((a, b) => a - b);
    return lags[Math.min(lags.length - 1, Math.ceil(lags.length * 0.99) - 1)] ?? null;
  }
}

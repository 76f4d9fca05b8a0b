type Limits = { firstPauseMs: number; pauseMsMax: number };
const shortPauses: Limits = { firstPauseMs: 250, pauseMsMax: 2_000 };

/** Things to leave alone for a while: tenancies that are not ours now, requests that fail. Each time in a row the pause doubles. */
export class Backoff {
  #entries = new Map<string, { until: number; pauseMs: number }>();
  readonly #clock: () => number;
  readonly #limits: Limits;

  constructor(clock: () => number = () => performance.now(), limits: Limits = shortPauses) {
    this.#clock = clock;
    this.#limits = limits;
  }

  note(key: string): void {
    const { firstPauseMs, pauseMsMax } = this.#limits;
    const pauseMs = Math.min((this.#entries.get(key)?.pauseMs ?? firstPauseMs / 2) * 2, pauseMsMax);
    this.#entries.set(key, { until: this.#clock() + pauseMs, pauseMs });
  }

  clear(key: string): void {
    this.#entries.delete(key);
  }

  /** What must not be tried now. */
  waiting(): string[] {
    const now = this.#clock();
    return [...this.#entries].filter(([, entry]) => entry.until > now).map(([key]) => key);
  }

  /** What was noted and not cleared since, waiting or not. */
  noted(): string[] {
    return [...this.#entries.keys()];
  }
}

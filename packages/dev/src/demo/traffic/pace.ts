/**
 * Starts `act(n)` at a steady rate, whether or not earlier ones have ended, as independent clients do; `limit` bounds how many are under way.
 * A rate of 0 starts none.
 */
export class Pace {
  readonly #under = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout | undefined;
  #n: number;

  constructor(options: { perSecond: number; limit: number; first: number }, act: (n: number) => Promise<void>) {
    this.#n = options.first;
    if (options.perSecond === 0) return; // a timer that never rings would ring all the time
    this.#timer = setInterval(() => {
      if (this.#under.size >= options.limit) return;
      const one = act(this.#n).finally(() => this.#under.delete(one));
      this.#n += 1;
      this.#under.add(one);
    }, 1000 / options.perSecond);
  }

  /** Starts no more and resolves when all under way have ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#under);
  }
}

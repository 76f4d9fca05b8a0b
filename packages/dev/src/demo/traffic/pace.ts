/** Starts `act(n)` at a steady rate, whether or not earlier ones have ended, as independent clients do; `limit` bounds how many are under way. */
export class Pace {
  readonly #under = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #n: number;

  constructor(options: { perSecond: number; limit: number; first: number }, act: (n: number) => Promise<void>) {
    this.#n = options.first;
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

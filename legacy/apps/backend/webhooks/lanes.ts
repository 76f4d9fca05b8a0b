import { Backoff } from '../worker/backoff.ts';

const lanesMax = 24;
const silentPauses = { firstPauseMs: 1_000, pauseMsMax: 60_000 };
const silentEndpointsMax = 10_000;

/**
 * Deliveries under way. An endpoint gets its next few when its last few came back, which keeps their order as well as may be, and one that
 * gives no answer is left alone for a while and then tried with one: nobody else's deliveries wait for it.
 */
export class Lanes {
  readonly #underWay = new Map<Promise<void>, string>();
  readonly #silent: Backoff;

  constructor(clock?: () => number) {
    this.#silent = new Backoff(clock, silentPauses);
  }

  free(): number {
    return lanesMax - this.#underWay.size;
  }

  /** Endpoints to leave alone now. */
  closed(): string[] {
    return [...new Set([...this.#underWay.values(), ...this.#silent.waiting()])];
  }

  /** Endpoints that gave no answer the last time. */
  suspects(): string[] {
    return this.#silent.noted();
  }

  /** Starts a delivery and does not wait for it. `work` says whether the endpoint gave an answer, whatever it was; it must not throw. */
  start(endpoint: string, work: () => Promise<{ isAnswered: boolean }>): void {
    const done: Promise<void> = work().then(({ isAnswered }) => {
      this.#underWay.delete(done);
      if (isAnswered || this.#silent.noted().length >= silentEndpointsMax) this.#silent.clear(endpoint);
      else this.#silent.note(endpoint);
    });
    this.#underWay.set(done, endpoint);
  }

  /** Until there is room for one more. */
  async room(): Promise<void> {
    while (this.free() <= 0) await Promise.race(this.#underWay.keys());
  }

  /** Until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.race(this.#underWay.keys());
  }
}

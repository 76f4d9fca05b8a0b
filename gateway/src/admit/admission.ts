/** Whether the gateway takes requests: `closing` still serves and asks clients to reconnect elsewhere. */
export type Stage = 'starting' | 'serving' | 'leaving' | 'closing';

/** Step 1: how many requests are under way, and in which stage of its life the gateway is. */
export class Admission {
  stage: Stage = 'starting';
  #inFlight = 0;
  #inFlightMax: number;
  #onIdle: (() => void) | undefined;

  constructor(inFlightMax: number) {
    this.#inFlightMax = inFlightMax;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Counts a request in, or answers false when there are too many. Call `leave` once for each that came in. */
  enter(): boolean {
    if (this.#inFlight >= this.#inFlightMax) return false;
    this.#inFlight += 1;
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

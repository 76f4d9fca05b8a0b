import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { Pool } from '@atlas/kit/postgres';
import type { Flow } from './flows.ts';

export const tickIntervalMs = 100;

/** Ticks a flow at its source every 100 ms, one tick after the other; a failed one is tried again. */
export class Ticker {
  readonly #flow: Flow;
  readonly #source: Pool;
  readonly #log: Logger;
  #isFailing = false;
  #isClosing = false;
  #running: Promise<void> | null = null;

  constructor(flow: Flow, source: Pool, log: Logger) {
    this.#flow = flow;
    this.#source = source;
    this.#log = log;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      const started = performance.now();
      await this.#tick();
      await new Promise((resolve) => setTimeout(resolve, Math.max(10, tickIntervalMs - (performance.now() - started))));
    }
  }

  async #tick(): Promise<void> {
    try {
      await this.#source.query('select strangler.tick($1)', [this.#flow.id]);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.warn({ flow: this.#flow.id, error: errorText(error) }, 'cannot tick');
      this.#isFailing = true;
    }
  }
}

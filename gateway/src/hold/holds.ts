import { type HoldLimits, HoldQueue, type Waiter } from './hold-queue.ts';

const recheckMs = 25;

/**
 * The queues of all units: one for writes and one for reads of each slice (reads go on during a move and wait only for a lost lease).
 * A change of the ledger releases at once; while anyone waits, a timer looks again for what no change announces (leases, deadlines, back-off).
 */
export class Holds {
  #queues = new Map<string, HoldQueue>();
  #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** True when earlier requests of the unit wait: a newcomer may not overtake them. */
  hasWaiting(key: string): boolean {
    return (this.#queues.get(key)?.size ?? 0) > 0;
  }

  join(key: string, waiter: Waiter, limits: HoldLimits): boolean {
    const isIn = this.#queue(key).join(waiter, limits);
    this.#watch();
    return isIn;
  }

  rejoin(key: string, waiter: Waiter): void {
    this.#queue(key).rejoin(waiter);
    this.#watch();
  }

  leave(key: string, waiter: Waiter): boolean {
    return this.#queues.get(key)?.leave(waiter) ?? false;
  }

  /** Lets everyone who may go, go. */
  release(): void {
    const nowMs = this.#nowMs();
    for (const queue of this.#queues.values()) {
      queue.expire(nowMs);
      queue.release();
    }
    this.#watch();
  }

  counts(): { key: string; requests: number; bytes: number }[] {
    return [...this.#queues].map(([key, queue]) => ({ key, requests: queue.size, bytes: queue.bytes }));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #queue(key: string): HoldQueue {
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const queue = new HoldQueue();
    this.#queues.set(key, queue);
    return queue;
  }

  #watch(): void {
    const isAnyoneWaiting = [...this.#queues.values()].some((queue) => queue.size > 0);
    if (!isAnyoneWaiting) this.stop();
    else this.#timer ??= setInterval(() => this.release(), recheckMs);
  }
}

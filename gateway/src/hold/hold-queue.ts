/** One request that waits for its unit. */
export type Waiter = {
  /** Arrival number. The queue forwards in this order; a write that came back "not executed" is older than all who wait, and so takes the head. */
  readonly order: number;
  readonly bytes: number;
  readonly deadlineMs: number;
  /** Asked at a release, oldest first and in one tick: `left` when it went its way (forwarded or answered), `stays` when it must wait on. */
  proceed(): 'left' | 'stays';
  /** Told once, instead of a further `proceed`, when its deadline has passed. */
  expire(): void;
};

export type HoldLimits = { requestsMax: number; bytesMax: number };

/** The FIFO of one unit's held requests, bounded by count and bytes. Knows no clock, no ledger and no HTTP. */
export class HoldQueue {
  #waiting: Waiter[] = [];
  #bytes = 0;

  get size(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a newcomer, or answers false when it would pass a limit. */
  join(waiter: Waiter, limits: HoldLimits): boolean {
    if (this.#waiting.length + 1 > limits.requestsMax || this.#bytes + waiter.bytes > limits.bytesMax) return false;
    this.#insert(waiter);
    return true;
  }

  /** Takes back a write that was on its way and not executed. Limits do not apply: it was let in before. */
  rejoin(waiter: Waiter): void {
    this.#insert(waiter);
  }

  /** Drops one that waits no longer (its client has gone). False when it was not waiting. */
  leave(waiter: Waiter): boolean {
    const index = this.#waiting.indexOf(waiter);
    if (index === -1) return false;
    this.#removeAt(index);
    return true;
  }

  /** Lets the oldest proceed, then the next, until one stays: order is kept even when only some may go. */
  release(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.proceed() === 'stays') return;
      this.leave(next);
    }
  }

  /** Drops everyone whose deadline has passed. */
  expire(nowMs: number): void {
    for (const waiter of this.#waiting.filter((one) => one.deadlineMs <= nowMs)) {
      this.leave(waiter);
      waiter.expire();
    }
  }

  #insert(waiter: Waiter): void {
    const index = this.#waiting.findLastIndex((other) => other.order < waiter.order);
    this.#waiting.splice(index + 1, 0, waiter);
    this.#bytes += waiter.bytes;
  }

  #removeAt(index: number): void {
    const [removed] = this.#waiting.splice(index, 1);
    this.#bytes -= removed?.bytes ?? 0;
  }
}

import { type StreamEvent, txIdOf } from './event.ts';

/** A parsed record with where it stood. */
export type Item = { offset: bigint; value: string; event: StreamEvent };

/** What is applied in one transaction. `isPartial`: it ends inside a source transaction that is too large for one. */
export type Batch = { items: Item[]; nextOffset: bigint; isPartial: boolean };

/** Events of one target transaction; a source transaction larger than `splitEvents` is applied in parts. */
export type BatchLimits = { events: number; splitEvents: number };
export const batchLimits: BatchLimits = { events: 2_000, splitEvents: 50_000 };

/**
 * Cuts the stream into batches that end where source transactions end: at an END record, or where the next event belongs to another
 * transaction. What follows the last end waits for its own. (The END records share the topic, so an end is seen at once.)
 */
export class Batcher {
  readonly #limits: BatchLimits;
  #held: Item[] = [];
  #openTx: string | null = null;
  #seenOfTx = 0;
  #sawBegin = false;
  #isSplit = false;
  /** Transactions whose END named another number of events than arrived: the stream lost or doubled something, or the connector restarted inside one. */
  miscounted = 0;

  constructor(limits: BatchLimits = batchLimits) {
    this.#limits = limits;
  }

  /** A source transaction is being applied in parts: a reader of the target may see half of it. */
  get isInsideSplit(): boolean {
    return this.#isSplit;
  }

  /** Takes the next items and answers the batches that are complete. */
  push(items: Item[]): Batch[] {
    const batches: Batch[] = [];
    let ready: Item[] = [];
    const flush = () => {
      if (ready.length > 0) batches.push(batchOf(ready, false));
      ready = [];
    };
    for (const item of items) {
      if (this.#beginsAnother(item.event)) ready.push(...this.#release());
      this.#held.push(item);
      if (this.#endsHere(item.event)) ready.push(...this.#release());
      if (ready.length >= this.#limits.events) flush();
      if (this.#held.length >= this.#limits.splitEvents) {
        flush();
        batches.push(this.#split());
      }
    }
    flush();
    return batches;
  }

  #beginsAnother(event: StreamEvent): boolean {
    const txId = txIdOf(event);
    if (txId === null || txId === this.#openTx) return false;
    const hadOpen = this.#openTx !== null;
    this.#openTx = txId;
    this.#seenOfTx = 0;
    this.#sawBegin = event.kind === 'begin';
    return hadOpen;
  }

  #endsHere(event: StreamEvent): boolean {
    if (event.kind === 'end') {
      if (this.#sawBegin && event.eventCount !== this.#seenOfTx) this.miscounted += 1;
      this.#openTx = null;
      return true;
    }
    if (event.kind !== 'begin' && txIdOf(event) !== null) this.#seenOfTx += 1;
    // A snapshot row and a notification belong to no transaction; outside of one they need not wait.
    return this.#openTx === null;
  }

  #release(): Item[] {
    const items = this.#held;
    this.#held = [];
    this.#isSplit = false;
    return items;
  }

  #split(): Batch {
    const items = this.#release();
    this.#isSplit = true;
    return batchOf(items, true);
  }
}

function batchOf(items: Item[], isPartial: boolean): Batch {
  const last = items.at(-1);
  if (last === undefined) throw new RangeError('a batch has at least one item');
  return { items, nextOffset: last.offset + 1n, isPartial };
}

import type { EventStream, StreamBounds, StreamRecord } from './stream.ts';

/** A topic in memory, for tests: what is appended can be read, from any offset, by any number of readers one after another. */
export class MemoryTopic {
  readonly records: StreamRecord[] = [];
  firstOffset = 0n;
  identity: string | null = 'memory-1';
  #wake: () => void = () => {};

  append(...values: unknown[]): void {
    for (const value of values)
      this.records.push({ offset: this.#nextOffset(), value: typeof value === 'string' ? value : JSON.stringify(value) });
    this.#wake();
  }

  /** Leaves offsets out, as the control records of an exactly-once producer do. */
  skipOffsets(count: number): void {
    for (let index = 0; index < count; index += 1) this.records.push({ offset: this.#nextOffset(), value: null });
  }

  stream(): EventStream {
    let next = 0n;
    let isClosed = false;
    return {
      bounds: async (): Promise<StreamBounds> => ({
        firstOffset: this.firstOffset,
        nextOffset: this.#nextOffset(),
        identity: this.identity,
      }),
      open: async (from) => {
        next = from;
      },
      read: async (waitMs) => {
        if (this.#from(next).length === 0 && !isClosed) await this.#change(waitMs);
        const records = this.#from(next);
        next = this.#nextOffset();
        return records;
      },
      close: async () => {
        isClosed = true;
        this.#wake();
      },
    };
  }

  #from(offset: bigint): StreamRecord[] {
    return this.records.filter((record) => record.offset >= offset && record.value !== null);
  }

  #nextOffset(): bigint {
    return this.firstOffset + BigInt(this.records.length);
  }

  #change(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

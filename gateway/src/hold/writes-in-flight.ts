/** Counts each slice's writes that were sent to a side and have not come back: DRAIN waits until a moving unit has none. */
export class WritesInFlight {
  #counts = new Map<string, number>();
  #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  of(slice: string): number {
    return this.#counts.get(slice) ?? 0;
  }

  /** Counts one write from now on; call the answer when its outcome is known. Calling it again does nothing. */
  begin(slice: string): () => void {
    this.#counts.set(slice, this.of(slice) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#counts.set(slice, this.of(slice) - 1);
      this.#onEnd();
    };
  }
}

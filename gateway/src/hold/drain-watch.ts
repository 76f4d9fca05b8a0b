import type { LedgerView, Unit } from '@atlas/contracts/ledger';

/**
 * Finds the revision this gateway may acknowledge as drained: the newest at which no unit's hold stands that still has writes in flight.
 * One number speaks for all units, so it must not pass an older hold of a unit that is not drained (sync-and-cutover.md §14).
 */
export class DrainWatch {
  /** For each moving unit: the lowest revision its hold may have. Views can skip revisions, so it is the last seen before, plus one. */
  #heldFrom = new Map<string, bigint>();
  #revision = 0n;

  /** Takes in what the ledger now says. */
  see(view: LedgerView): void {
    const moving = view.units.filter((unit) => unit.move !== null);
    const keys = new Set(moving.map(keyOf));
    for (const key of this.#heldFrom.keys()) if (!keys.has(key)) this.#heldFrom.delete(key);
    for (const key of keys) if (!this.#heldFrom.has(key)) this.#heldFrom.set(key, this.#revision + 1n);
    this.#revision = view.revision;
  }

  /** `inFlight` counts the writes of a slice that have not come back. */
  drained(inFlight: (slice: string) => number): bigint {
    let drained = this.#revision;
    for (const [key, from] of this.#heldFrom) {
      if (inFlight(sliceOf(key)) > 0 && from - 1n < drained) drained = from - 1n;
    }
    return drained;
  }
}

function keyOf(unit: Unit): string {
  return `${unit.slice}\n${unit.tenant}`;
}

function sliceOf(key: string): string {
  return key.slice(0, key.indexOf('\n'));
}

import type { Side } from '@atlas/contracts/ledger';
import type { Queryable } from '@atlas/kit/postgres';
import { failpoints, pass } from '../failpoints.ts';
import type { Item } from './batcher.ts';
import type { RowChange } from './event.ts';
import { isAfter } from './position.ts';
import { writeRows } from './write-rows.ts';

/** The two faults that the acked-write audit must notice. Exists in development only (`app.ts` leaves it out otherwise). */
export class Mutants {
  readonly #target: Side;
  #remembered: RowChange | null = null;

  constructor(target: Side) {
    this.#target = target;
  }

  /** The batch without its first slice row, when `apply.event.drop` is armed. */
  async drop(items: Item[]): Promise<Item[]> {
    const victim = items.find((item) => item.event.kind === 'row' && item.event.changes.some((change) => change.entry.kind === 'slice'));
    if (victim === undefined || !(await pass(failpoints.dropEvent))) return items;
    return items.filter((item) => item !== victim);
  }

  /** Remembers a row when `apply.event.twice` was armed, and writes it again once a later event of the same row has been written. */
  async twice(tx: Queryable, rows: RowChange[]): Promise<void> {
    const candidate = rows.find((row) => row.entry.kind === 'slice' && row.kind === 'upsert' && !row.isSnapshot);
    if (this.#remembered === null && candidate !== undefined && (await pass(failpoints.twiceEvent))) this.#remembered = candidate;
    const again = this.#remembered;
    if (again === null || !rows.some((row) => row.pk === again.pk && isAfter(row.position, again.position))) return;
    this.#remembered = null;
    await writeRows(tx, [again], this.#target, new Set());
  }
}

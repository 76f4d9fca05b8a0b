import type { Side } from '@atlas/contracts/ledger';
import { AppError, errorText } from '@atlas/kit/errors';
import { type Queryable, transact } from '@atlas/kit/postgres';
import { policyFor } from '../error-policy.ts';
import { failpoints, pass } from '../failpoints.ts';
import { type Flow, tablesOf } from '../flows.ts';
import type { Batch, Item } from './batcher.ts';
import type { RowChange } from './event.ts';
import type { Mutants } from './mutants.ts';
import { type BatchPlan, emptyPlan, type Facts, planBatch, versionKey } from './plan-batch.ts';
import { type Lease, lockProgress, type Progress } from './progress.ts';
import { readOrderedTables, writeRows } from './write-rows.ts';

/** More parked events than this mean that the target is wrong, not a row. */
const parkedEventsMax = 10_000;

/** What a batch did, for counters and logs. `watermarkAt`: when the newest tick in it was taken. */
export type Applied = { counts: BatchPlan['counts']; parked: number; tickGaps: number; watermarkAt: string | null };

/** Applies one batch in one transaction, together with its offset: exactly once in effect. */
export class BatchWriter {
  readonly #flow: Flow;
  readonly #target: Side;
  readonly #mutants: Mutants | null;
  #orderedTables: Set<string> | null = null;

  constructor(flow: Flow, mutants: Mutants | null) {
    this.#flow = flow;
    this.#target = flow.target;
    this.#mutants = mutants;
  }

  /** Throws what `error-policy.ts` says to retry or to stop for; a poison row is parked here. */
  async apply(lease: Lease, batch: Batch): Promise<Applied> {
    try {
      return await this.#applyOnce(lease, batch, 'bulk');
    } catch (error) {
      if (policyFor(error).act !== 'park') throw error;
      // Some row of the batch is poison: again, row by row, to find it.
      return await this.#applyOnce(lease, batch, 'single');
    }
  }

  /**
   * Replays what is parked of a tenant, in order, until one fails again. Answers how many had their effect and how many are left.
   * Runs on the applier's session between batches: there is one writer.
   */
  async replay(lease: Lease, tenant: string, parse: (value: string) => Item['event']): Promise<{ replayed: number; left: number }> {
    return await transact(lease.session, async (tx) => {
      const progress = await lockProgress(tx, this.#flow, lease);
      const { rows } = await tx.query<{ seq: bigint; event: string }>(
        'select seq, event from strangler.parked where flow = $1 and tenant = $2 order by seq',
        [this.#flow.id, tenant],
      );
      const items = rows.map((row) => parkedItem(row.event, tenant, parse));
      const facts = await this.#readFacts(tx, progress, items);
      facts.parked.delete(tenant);
      let replayed = 0;
      for (const [index, item] of items.entries()) {
        const seq = rows[index]?.seq;
        const failure = await this.#writeSingle(tx, item, facts);
        if (failure !== null) {
          await tx.query('update strangler.parked set error = $3 where flow = $1 and seq = $2', [
            this.#flow.id,
            seq,
            errorText(failure.error),
          ]);
          break;
        }
        await tx.query('delete from strangler.parked where flow = $1 and seq = $2', [this.#flow.id, seq]);
        replayed += 1;
      }
      return { replayed, left: rows.length - replayed };
    });
  }

  async #applyOnce(lease: Lease, batch: Batch, mode: 'bulk' | 'single'): Promise<Applied> {
    const applied = await transact(lease.session, async (tx) => {
      const progress = await lockProgress(tx, this.#flow, lease);
      const items = batch.items.filter((item) => item.offset >= progress.nextOffset);
      const facts = await this.#readFacts(tx, progress, items);
      const kept = (await this.#mutants?.drop(items)) ?? items;
      const plan = mode === 'bulk' ? await this.#writeBulk(tx, kept, facts) : await this.#writeSingles(tx, kept, facts);
      await this.#park(tx, plan);
      await this.#writeControl(tx, plan);
      await this.#saveProgress(tx, batch, plan);
      await pass(failpoints.beforeCommit);
      return { counts: plan.counts, parked: plan.parks.length, tickGaps: plan.tickGaps, watermarkAt: plan.watermark?.at ?? null };
    });
    await pass(failpoints.afterCommit);
    return applied;
  }

  async #writeBulk(tx: Queryable, items: Item[], facts: Facts): Promise<BatchPlan> {
    const plan = planBatch(items, facts, this.#target);
    await this.#write(tx, plan.rows);
    await this.#mutants?.twice(tx, plan.rows);
    return plan;
  }

  async #write(tx: Queryable, rows: RowChange[]): Promise<void> {
    if (rows.length === 0) return;
    this.#orderedTables ??= await readOrderedTables(tx, tablesOf(this.#flow), this.#target);
    await writeRows(tx, rows, this.#target, this.#orderedTables);
  }

  async #writeSingles(tx: Queryable, items: Item[], facts: Facts): Promise<BatchPlan> {
    const whole = emptyPlan();
    for (const item of items) {
      const failure = await this.#writeSingle(tx, item, facts, whole);
      if (failure === null) continue;
      facts.parked.add(failure.change.tenant);
      whole.parks.push({ change: failure.change, item, error: errorText(failure.error) });
    }
    return whole;
  }

  /** One event under a savepoint. Answers the row the target refused, if it did. */
  async #writeSingle(
    tx: Queryable,
    item: Item,
    facts: Facts,
    whole: BatchPlan = emptyPlan(),
  ): Promise<{ change: RowChange; error: unknown } | null> {
    const plan = planBatch([item], facts, this.#target);
    await tx.query('savepoint one');
    try {
      await this.#write(tx, plan.rows);
      await tx.query('release savepoint one');
    } catch (error) {
      const change = plan.rows[0];
      if (policyFor(error).act !== 'park' || change === undefined) throw error;
      await tx.query('rollback to savepoint one');
      for (const row of plan.rows) facts.versions.delete(versionKey(row.entry, this.#target, row.pk));
      return { change, error };
    }
    merge(whole, plan);
    return null;
  }

  async #readFacts(tx: Queryable, progress: Progress, items: Item[]): Promise<Facts> {
    const changes = items.flatMap((item) =>
      item.event.kind === 'row' ? item.event.changes : item.event.kind === 'repair' ? [item.event.change] : [],
    );
    const sliceTenants = new Set(changes.filter((change) => change.entry.kind === 'slice').map((change) => change.tenant));
    const needsEpochs = changes.some((change) => change.isSnapshot) || items.some((item) => item.event.kind === 'repair');
    return {
      incarnation: progress.incarnation,
      commitLsn: progress.commitLsn,
      watermarkSeq: progress.watermarkSeq,
      backfill: progress.backfill,
      // The guard's own locks come first, so that no owner changes until this commits.
      fences: await this.#readFences(tx, [...sliceTenants]),
      versions: await this.#readVersions(tx, changes),
      markerEpochs: needsEpochs ? await this.#readMarkerEpochs(tx) : new Map(),
      parked: await this.#readParked(tx),
    };
  }

  async #readFences(tx: Queryable, tenants: string[]): Promise<Facts['fences']> {
    if (tenants.length === 0) return new Map();
    const { rows } = await tx.query<{ tenant: string; owner: 'here' | 'none' | null; epoch: bigint }>(
      'select t as tenant, f.owner, f.epoch from unnest($2::text[]) t, lateral strangler.locked_fence($1, t) f',
      [this.#flow.mapping.slice, tenants.sort()],
    );
    return new Map(rows.flatMap(({ tenant, owner, epoch }) => (owner === null ? [] : [[tenant, { owner, epoch }] as const])));
  }

  async #readVersions(tx: Queryable, changes: RowChange[]): Promise<Facts['versions']> {
    if (changes.length === 0) return new Map();
    const { rows } = await tx.query<{
      table_name: string;
      pk: string;
      incarnation: number;
      commit_lsn: bigint;
      event_lsn: bigint;
      ord: bigint;
      deleted: boolean;
    }>(
      `select distinct r.table_name, r.pk, r.incarnation, r.commit_lsn, r.event_lsn, r.ord, r.deleted
       from unnest($1::text[], $2::text[]) v(table_name, pk) join strangler.row_version r using (table_name, pk)`,
      [changes.map((change) => change.entry.table[this.#target]), changes.map((change) => change.pk)],
    );
    return new Map(
      rows.map((row) => [
        `${row.table_name} ${row.pk}`,
        {
          position: { incarnation: row.incarnation, commitLsn: row.commit_lsn, eventLsn: row.event_lsn, ord: row.ord },
          deleted: row.deleted,
        },
      ]),
    );
  }

  async #readMarkerEpochs(tx: Queryable): Promise<Map<string, bigint>> {
    const { rows } = await tx.query<{ tenant: string; epoch: bigint }>(
      'select tenant, max(epoch) as epoch from strangler.marker_applied where flow = $1 group by tenant',
      [this.#flow.id],
    );
    return new Map(rows.map((row) => [row.tenant, row.epoch]));
  }

  async #readParked(tx: Queryable): Promise<Set<string>> {
    const { rows } = await tx.query<{ tenant: string }>('select distinct tenant from strangler.parked where flow = $1', [this.#flow.id]);
    return new Set(rows.map((row) => row.tenant));
  }

  async #park(tx: Queryable, plan: BatchPlan): Promise<void> {
    if (plan.parks.length === 0) return;
    await tx.query(
      `insert into strangler.parked (flow, tenant, slice, table_name, pk, event, error)
       select $1, v.tenant, $2, v.table_name, v.pk, v.event, v.error
       from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) with ordinality v(tenant, table_name, pk, event, error, n) order by v.n`,
      [
        this.#flow.id,
        this.#flow.mapping.slice,
        plan.parks.map(({ change }) => change.tenant),
        plan.parks.map(({ change }) => change.entry.table[this.#target]),
        plan.parks.map(({ change }) => change.pk),
        plan.parks.map(({ item }) => JSON.stringify({ offset: String(item.offset), value: item.value })),
        plan.parks.map(({ error }) => error),
      ],
    );
    const { rows } = await tx.query<{ count: bigint }>('select count(*) as count from strangler.parked where flow = $1', [this.#flow.id]);
    if ((rows[0]?.count ?? 0n) > BigInt(parkedEventsMax))
      throw new AppError('FLOW_STOPPED', {
        message: `more than ${parkedEventsMax} events are parked: the target itself is wrong (${plan.parks[0]?.error})`,
      });
  }

  async #writeControl(tx: Queryable, plan: BatchPlan): Promise<void> {
    for (const marker of plan.markers)
      await tx.query(
        `insert into strangler.marker_applied (flow, slice, tenant, epoch, clean)
         select $1, $2, $3, $4, not exists (select from strangler.parked p where p.flow = $1 and p.slice = $2 and ($3 = '*' or p.tenant = $3))
         on conflict (flow, slice, tenant, epoch) do nothing`,
        [this.#flow.id, marker.slice, marker.tenant, marker.epoch],
      );
    for (const opened of plan.backfillsOpened)
      await tx.query(
        `insert into strangler.backfill (flow, id, slice, tenant, epoch, state) values ($1, $2, $3, $4, $5, 'open') on conflict (flow, id) do nothing`,
        [this.#flow.id, opened.id, opened.slice, opened.tenant, opened.epoch],
      );
    for (const [id, rows] of plan.backfillRows)
      await tx.query('update strangler.backfill set rows = rows + $3 where flow = $1 and id = $2', [this.#flow.id, id, rows]);
    for (const id of plan.backfillsDone)
      await tx.query(
        `update strangler.backfill set state = 'done', done_at = clock_timestamp() where flow = $1 and id = $2 and state = 'open'`,
        [this.#flow.id, id],
      );
  }

  async #saveProgress(tx: Queryable, batch: Batch, plan: BatchPlan): Promise<void> {
    await tx.query(
      `update strangler.apply_progress set next_offset = greatest(next_offset, $2),
         commit_lsn = coalesce(greatest($3, commit_lsn), commit_lsn), event_lsn = coalesce($4, event_lsn),
         watermark_seq = coalesce($5, watermark_seq), applied_lsn = coalesce($6, applied_lsn), watermark_at = coalesce($7, watermark_at),
         tick_gaps = tick_gaps + $8, applied = applied + $9, skipped = skipped + $10, dropped_snapshot_rows = dropped_snapshot_rows + $11,
         restarted_at = case when $8 > 0 then clock_timestamp() else restarted_at end
       where flow = $1`,
      [
        this.#flow.id,
        batch.nextOffset,
        // A commit of 0 is the incarnation's first transaction; it stays unknown until there is a real one.
        plan.last === null || plan.last.commitLsn === 0n ? null : plan.last.commitLsn,
        plan.last?.eventLsn ?? null,
        plan.watermark?.seq ?? null,
        plan.watermark?.position ?? null,
        plan.watermark?.at ?? null,
        plan.tickGaps,
        plan.counts.applied,
        plan.counts.skipped,
        plan.counts.droppedSnapshotRows,
      ],
    );
  }
}

function merge(whole: BatchPlan, part: BatchPlan): void {
  whole.rows.push(...part.rows);
  whole.parks.push(...part.parks);
  whole.markers.push(...part.markers);
  whole.watermark = part.watermark ?? whole.watermark;
  whole.tickGaps += part.tickGaps;
  whole.backfillsOpened.push(...part.backfillsOpened);
  for (const [id, rows] of part.backfillRows) whole.backfillRows.set(id, (whole.backfillRows.get(id) ?? 0) + rows);
  whole.backfillsDone.push(...part.backfillsDone);
  whole.counts.applied += part.counts.applied;
  whole.counts.skipped += part.counts.skipped;
  whole.counts.droppedSnapshotRows += part.counts.droppedSnapshotRows;
  whole.last = part.last ?? whole.last;
}

/** A parked record again as an item; of a record that changed its tenant only the parked tenant's half. */
function parkedItem(text: string, tenant: string, parse: (value: string) => Item['event']): Item {
  const { offset, value } = JSON.parse(text) as { offset: string; value: string };
  const event = parse(value);
  // Its origin was judged when it was read.
  const own =
    event.kind === 'row' ? { ...event, origin: null, changes: event.changes.filter((change) => change.tenant === tenant) } : event;
  return { offset: BigInt(offset), value, event: own };
}

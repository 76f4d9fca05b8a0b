import { AppError } from '@atlas/kit/errors';
import type { FlowTable } from '../flows.ts';
import type { Item } from './batcher.ts';
import type { Origin, RowChange, StreamEvent } from './event.ts';
import { isAfter, type Position } from './position.ts';
import type { Backfill } from './progress.ts';

/** What the target holds of the rows, units and tenants a batch touches, read under locks. `planBatch` keeps it up to date as it goes. */
export type Facts = {
  incarnation: number;
  /** The last commit applied; null while nothing of this incarnation is. */
  commitLsn: bigint | null;
  watermarkSeq: bigint | null;
  versions: Map<string, Version>;
  fences: Map<string, { owner: 'here' | 'none'; epoch: bigint }>;
  /** The newest epoch a marker announced, by tenant. */
  markerEpochs: Map<string, bigint>;
  parked: Set<string>;
  backfill: Backfill | null;
};

export type Version = { position: Position; deleted: boolean };

/** What one transaction does. Rows are in source order, and only those that win. */
export type BatchPlan = {
  rows: RowChange[];
  parks: { change: RowChange; item: Item; error: string }[];
  markers: { slice: string; tenant: string; epoch: bigint }[];
  watermark: { seq: bigint; position: string; at: string } | null;
  tickGaps: number;
  backfillsOpened: { id: string; slice: string; tenant: string; epoch: bigint }[];
  backfillRows: Map<string, number>;
  backfillsDone: string[];
  counts: { applied: number; skipped: number; droppedSnapshotRows: number };
  last: Position | null;
};

const waitingText = 'an earlier event of this tenant is parked';

/** The identity of a replicated row at its target. */
export function versionKey(entry: FlowTable, target: 'legacy' | 'extracted', pk: string): string {
  return `${entry.table[target]} ${pk}`;
}

/**
 * Decides what a batch does. Pure but for `facts`, which it carries forward. Throws what stops the flow: FOREIGN_EVENT (the target owns the
 * unit and the event is newer than its row), STREAM_GAP (the stream began anew), FLOW_STOPPED (no fence).
 */
export function planBatch(items: Item[], facts: Facts, target: 'legacy' | 'extracted'): BatchPlan {
  const plan = emptyPlan();
  for (const item of items) planEvent(item, item.event, facts, plan, target);
  return plan;
}

export function emptyPlan(): BatchPlan {
  return {
    rows: [],
    parks: [],
    markers: [],
    watermark: null,
    tickGaps: 0,
    backfillsOpened: [],
    backfillRows: new Map(),
    backfillsDone: [],
    counts: { applied: 0, skipped: 0, droppedSnapshotRows: 0 },
    last: null,
  };
}

function planEvent(item: Item, event: StreamEvent, facts: Facts, plan: BatchPlan, target: 'legacy' | 'extracted'): void {
  if ('origin' in event && event.origin !== null) planOrigin(event.origin, facts, plan);
  switch (event.kind) {
    case 'row':
      for (const change of event.changes) planRow(item, change, facts, plan, target);
      return;
    case 'repair':
      planRepair(item, event, facts, plan, target);
      return;
    case 'marker':
      plan.markers.push({ slice: event.slice, tenant: event.tenant, epoch: event.epoch });
      facts.markerEpochs.set(event.tenant, max(facts.markerEpochs.get(event.tenant), event.epoch));
      return;
    case 'watermark':
      planWatermark(event, facts, plan);
      return;
    case 'signal':
      planSignal(event.id, event.type, facts, plan);
      return;
    case 'backfill-done':
      plan.backfillsDone.push(event.id);
      return;
    case 'begin':
    case 'end':
    case 'ignored':
      return;
  }
}

/** A stream that begins anew after something was applied has lost what lay between. */
function planOrigin(origin: Origin, facts: Facts, plan: BatchPlan): void {
  if (origin.isFirst && facts.commitLsn !== null)
    throw new AppError('STREAM_GAP', {
      message: `an event knows of no commit before it although ${facts.commitLsn} was applied: the connector's offsets were lost`,
    });
  plan.last = origin.position;
  if (!origin.isFirst) facts.commitLsn = origin.position.commitLsn;
}

/** The row rule comes first: an event that is not newer than its row is skipped, also where the target owns the unit (a connector may repeat itself). */
function planRow(item: Item, change: RowChange, facts: Facts, plan: BatchPlan, target: 'legacy' | 'extracted'): void {
  const version = facts.versions.get(versionKey(change.entry, target, change.pk));
  if (facts.parked.has(change.tenant)) plan.parks.push({ change, item, error: waitingText });
  else if (version !== undefined && !mayFollow(change, version, facts)) plan.counts.skipped += 1;
  else if (!change.isSnapshot && isTargetOwned(change, facts)) throw foreign(change, target);
  else if (change.isSnapshot && (isTargetOwned(change, facts) || !isOfBackfill(change, facts))) plan.counts.droppedSnapshotRows += 1;
  else accept(change, facts, plan, target);
}

function mayFollow(change: RowChange, version: Version, facts: Facts): boolean {
  // A snapshot row may be older than its position says: it only fills a key nothing of this incarnation is known of. Tombstones count.
  return change.isSnapshot ? version.position.incarnation !== facts.incarnation : isAfter(change.position, version.position);
}

/** Projections belong to nobody at the target; only the slice's own rows can be foreign. */
function isTargetOwned(change: RowChange, facts: Facts): boolean {
  if (change.entry.kind === 'projection') return false;
  const fence = facts.fences.get(change.tenant);
  if (fence === undefined) throw new AppError('FLOW_STOPPED', { message: 'the target has no fence for the slice: run `cdc migrate`' });
  return fence.owner === 'here';
}

/** A snapshot row belongs to the last backfill announced in the stream, and is dropped when its unit has moved since. */
function isOfBackfill(change: RowChange, facts: Facts): boolean {
  if (facts.backfill === null) return false;
  return change.entry.kind === 'projection' || facts.backfill.epoch >= knownEpoch(change.tenant, facts);
}

function knownEpoch(tenant: string, facts: Facts): bigint {
  return max(max(facts.fences.get(tenant)?.epoch, facts.markerEpochs.get(tenant) ?? 0n), facts.markerEpochs.get('*') ?? 0n);
}

/** A repair is no native write: the target's own row, and another epoch's, stay as they are. */
function planRepair(
  item: Item,
  { change, epoch }: StreamEvent & { kind: 'repair' },
  facts: Facts,
  plan: BatchPlan,
  target: 'legacy' | 'extracted',
): void {
  const version = facts.versions.get(versionKey(change.entry, target, change.pk));
  const isOtherEpoch = change.entry.kind === 'slice' && epoch < knownEpoch(change.tenant, facts);
  if (facts.parked.has(change.tenant)) plan.parks.push({ change, item, error: waitingText });
  else if (version !== undefined && !isAfter(change.position, version.position)) plan.counts.skipped += 1;
  else if (isTargetOwned(change, facts) || isOtherEpoch) plan.counts.droppedSnapshotRows += 1;
  else accept(change, facts, plan, target);
}

function accept(change: RowChange, facts: Facts, plan: BatchPlan, target: 'legacy' | 'extracted'): void {
  plan.rows.push(change);
  plan.counts.applied += 1;
  facts.versions.set(versionKey(change.entry, target, change.pk), { position: change.position, deleted: change.kind === 'delete' });
  if (change.isSnapshot && facts.backfill !== null)
    plan.backfillRows.set(facts.backfill.id, (plan.backfillRows.get(facts.backfill.id) ?? 0) + 1);
}

/** Ticks count without a gap; a repeated one is old news. */
function planWatermark(event: StreamEvent & { kind: 'watermark' }, facts: Facts, plan: BatchPlan): void {
  if (facts.watermarkSeq !== null && event.seq <= facts.watermarkSeq) return;
  if (facts.watermarkSeq !== null && event.seq > facts.watermarkSeq + 1n) plan.tickGaps += 1;
  facts.watermarkSeq = event.seq;
  plan.watermark = { seq: event.seq, position: event.position, at: event.at };
}

function planSignal(id: string, type: string, facts: Facts, plan: BatchPlan): void {
  if (type !== 'execute-snapshot') return;
  const [, slice, tenant, epoch] = id.split('|');
  if (slice === undefined || tenant === undefined || epoch === undefined || !/^\d+$/.test(epoch)) {
    // Not one of ours: nobody vouches for its epoch, so its rows are dropped.
    facts.backfill = null;
    return;
  }
  plan.backfillsOpened.push({ id, slice, tenant, epoch: BigInt(epoch) });
  facts.backfill = { id, tenant, epoch: BigInt(epoch), state: 'open' };
}

function foreign(change: RowChange, target: string): AppError {
  return new AppError('FOREIGN_EVENT', {
    message: `the ${target} side owns tenant ${change.tenant}, yet the other side changed ${change.entry.table[target as 'legacy']} ${change.pk}`,
    tenant: change.tenant,
    pk: change.pk,
  });
}

function max(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b > a ? b : a;
}

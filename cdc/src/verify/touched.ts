import type { Side } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import type { Queryable } from '@atlas/kit/postgres';
import { type Flow, flowsOf, tablesOf } from '../flows.ts';
import { otherSide, type SliceMapping } from '../slices/mapping.ts';
import type { Comparison, Databases } from './comparison.ts';

const recentMinutes = 10;
/** More changed keys than this are no delta: compare everything. */
export const changedKeysMax = 50_000;

/** The state of a database before a verify's first read. */
export type Snapshot = { xmin: string; at: Date };

/** Keys to look at, by table. */
export type ChangedKeys = { comparison: Comparison; keys: string[][] }[];

export async function readFence(on: Queryable, slice: string, tenant: string): Promise<{ owner: string; epoch: bigint }> {
  const { rows } = await on.query<{ owner: string; epoch: bigint }>('select owner, epoch from strangler.fence_of($1, $2)', [slice, tenant]);
  const fence = rows[0];
  if (fence === undefined) throw new AppError('CONFIG_INVALID', { message: `no fence for ${slice}: run \`cdc migrate\`` });
  return fence;
}

export async function readSnapshot(on: Queryable): Promise<Snapshot> {
  const { rows } = await on.query<Snapshot>('select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, clock_timestamp() as at');
  const row = rows[0];
  if (row === undefined) throw new AppError('INTERNAL', { message: 'no snapshot' });
  return row;
}

/**
 * The slice's keys that changed since the last clean full verify: native writes of either side (`touched`), and what the applier wrote at
 * the target since then, or in the last minutes. Null when nothing was verified yet, or when they are too many to be a delta.
 */
export async function readChangedKeys(mapping: SliceMapping, databases: Databases, source: Side): Promise<ChangedKeys | null> {
  const flow = flowFrom(mapping, source);
  const verified = await databases[flow.target].query('select from strangler.verified where flow = $1', [flow.id]);
  if (verified.rows.length === 0) return null;
  const changed: ChangedKeys = [];
  let total = 0;
  for (const entry of tablesOf(flow).filter((table) => table.kind === 'slice')) {
    const keys = new Map<string, string[]>();
    for (const side of ['legacy', 'extracted'] as const)
      for (const pk of await readTouched(databases[side], mapping.slice, entry.table[side])) keys.set(pk, JSON.parse(pk) as string[]);
    for (const pk of await readReplicated(databases[flow.target], flow, entry.table[flow.target])) keys.set(pk, JSON.parse(pk) as string[]);
    total += keys.size;
    if (total > changedKeysMax) return null;
    changed.push({ comparison: { entry, flow }, keys: [...keys.values()] });
  }
  return changed;
}

async function readTouched(on: Queryable, slice: string, table: string): Promise<string[]> {
  const { rows } = await on.query<{ pk: string }>(
    `select distinct pk from strangler.touched where slice = $1 and table_name = $2 limit ${changedKeysMax + 1}`,
    [slice, table],
  );
  return rows.map((row) => row.pk);
}

async function readReplicated(on: Queryable, flow: Flow, table: string): Promise<string[]> {
  const { rows } = await on.query<{ pk: string }>(
    `select pk from strangler.row_version where table_name = $1 and applied_at > least(
       clock_timestamp() - interval '${recentMinutes} minutes', (select min(started_at) from strangler.verified where flow = $2)) limit ${changedKeysMax + 1}`,
    [table, flow.id],
  );
  return rows.map((row) => row.pk);
}

/** Forgets native writes that a clean full verify has covered: those of transactions that had ended before its first read. */
export async function pruneTouched(mapping: SliceMapping, databases: Databases, snapshots: Record<Side, Snapshot>): Promise<void> {
  for (const side of ['legacy', 'extracted'] as const)
    await databases[side].query('delete from strangler.touched where slice = $1 and xid < $2::xid8', [mapping.slice, snapshots[side].xmin]);
}

/** Notes a clean verify where its flows end, and takes back the restart checks that were due before it began. */
export async function rememberVerified(
  mapping: SliceMapping,
  databases: Databases,
  verified: { startedAt: Record<Side, Snapshot>; isFull: boolean; source: Side },
): Promise<void> {
  for (const flow of flowsOf(mapping)) {
    const startedAt = verified.startedAt[flow.target].at;
    await databases[flow.target].query('update strangler.apply_progress set restarted_at = null where flow = $1 and restarted_at < $2', [
      flow.id,
      startedAt,
    ]);
    if (!verified.isFull || flow.source !== verified.source) continue;
    await databases[flow.target].query(
      `insert into strangler.verified (flow, slice, tenant, started_at) values ($1, $2, '*', $3)
       on conflict (flow, slice, tenant) do update set started_at = excluded.started_at`,
      [flow.id, mapping.slice, startedAt],
    );
  }
}

function flowFrom(mapping: SliceMapping, source: Side): Flow {
  const found = flowsOf(mapping).find((flow) => flow.target === otherSide(source));
  if (found === undefined) throw new AppError('INTERNAL', { message: `no flow from ${source}` });
  return found;
}

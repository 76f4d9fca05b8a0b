import type { FlowStatus } from '@atlas/contracts/flow';
import type { Pool } from '@atlas/kit/postgres';
import type { SourceHealth } from './connect/connector-keeper.ts';
import { policyFor } from './error-policy.ts';
import type { Flow } from './flows.ts';
import type { ReplicaState } from './replica-state.ts';

/** What the process itself knows of a flow; the rest stands in the target database. */
export type LocalFacts = { state: ReplicaState; health: SourceHealth; lagMsP99: number | null; isInsideSplit: boolean; lagMsMax: number };

type StatusRow = {
  incarnation: number;
  next_offset: bigint;
  term: bigint;
  applied_lsn: string | null;
  tick_gaps: bigint;
  applied: bigint;
  skipped: bigint;
  dropped_snapshot_rows: bigint;
  foreign_events: bigint;
  restarted_at: Date | null;
  lag_ms: number | null;
  parked: bigint;
  parked_tenants: string[];
  backfill_id: string | null;
  backfill_state: 'open' | 'done';
  backfill_rows: bigint;
  backfill_epoch: bigint;
};

const statusSql = `select p.incarnation, p.next_offset, p.term, p.applied_lsn, p.tick_gaps, p.applied, p.skipped, p.dropped_snapshot_rows, p.foreign_events, p.restarted_at,
    (extract(epoch from clock_timestamp() - p.watermark_at) * 1000)::float8 as lag_ms, k.parked, k.parked_tenants,
    b.id as backfill_id, b.state as backfill_state, b.rows as backfill_rows, b.epoch as backfill_epoch
  from strangler.apply_progress p
  cross join lateral (select count(*) as parked, coalesce(array_agg(distinct k.tenant order by k.tenant), '{}') as parked_tenants from strangler.parked k where k.flow = p.flow) k
  left join lateral (select * from strangler.backfill b where b.flow = p.flow order by b.opened_at desc limit 1) b on true
  where p.flow = $1`;

/** The state of one flow, as gates and people read it. */
export async function readFlowStatus(flow: Flow, target: Pool, local: LocalFacts): Promise<FlowStatus> {
  const { rows } = await target.query<StatusRow>(statusSql, [flow.id]);
  const row = rows[0];
  const lagMs = row?.lag_ms == null ? null : Math.max(0, Math.round(row.lag_ms));
  const reasons = reasonsOf(local, lagMs);
  return {
    flow: flow.id,
    slice: flow.mapping.slice,
    source: flow.source,
    incarnation: row?.incarnation ?? 0,
    healthy: reasons.length === 0,
    reasons,
    connector: local.health.connector,
    slot: local.health.slot,
    applier: applierOf(local, Number(row?.term ?? 0n)),
    lagMs,
    lagMsP99: local.lagMsP99 === null ? null : Math.round(local.lagMsP99),
    appliedLsn: row?.applied_lsn ?? null,
    tickGaps: Number(row?.tick_gaps ?? 0n),
    nextOffset: Number(row?.next_offset ?? 0n),
    counts: {
      applied: Number(row?.applied ?? 0n),
      skipped: Number(row?.skipped ?? 0n),
      droppedSnapshotRows: Number(row?.dropped_snapshot_rows ?? 0n),
      foreign: Number(row?.foreign_events ?? 0n),
      parked: Number(row?.parked ?? 0n),
    },
    parkedTenants: row?.parked_tenants ?? [],
    backfill:
      row === undefined || row.backfill_id === null
        ? { state: 'none', id: null, rows: 0, epoch: null }
        : { state: row.backfill_state, id: row.backfill_id, rows: Number(row.backfill_rows), epoch: String(row.backfill_epoch) },
    restartCheckDue: row?.restarted_at != null,
  };
}

/** Changes that are lost at the source end stop the flow as well, though its applier may still be draining what there is. */
function applierOf({ state, health }: LocalFacts, term: number): FlowStatus['applier'] {
  const running = state.name === 'applying';
  if (state.name === 'stopped') return { running, term, stopped: { code: state.code, message: state.message, next: state.next } };
  if (health.gap === null) return { running, term, stopped: null };
  return { running, term, stopped: { code: health.gap.code, message: health.gap.message, next: policyFor(health.gap).next } };
}

function reasonsOf(local: LocalFacts, lagMs: number | null): string[] {
  const reasons: string[] = [];
  const { state } = local;
  if (local.health.problem !== '') reasons.push(local.health.problem);
  if (state.name === 'stopped') reasons.push(`applier stopped: ${state.message}. ${state.next}`);
  else if (state.name === 'retrying') reasons.push(`applier retries after ${state.message}`);
  else if (state.name !== 'applying') reasons.push(`applier is ${state.name}`);
  if (lagMs === null) reasons.push('no tick has arrived yet');
  else if (lagMs >= local.lagMsMax) reasons.push(`the last applied tick is ${lagMs} ms old (limit ${local.lagMsMax})`);
  if (local.isInsideSplit) reasons.push('a large transaction is being applied in parts');
  return reasons;
}

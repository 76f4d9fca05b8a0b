import type { Side } from './ledger.ts';

/** `f.<slice>` carries legacy → service, `r.<slice>` the way back. */
export type FlowId = `f.${string}` | `r.${string}`;

/**
 * What `GET /flows/<flow>` of cdc's admin port answers. Milliseconds and counts; LSNs are text (`0/16B3748`).
 * `healthy` means: slot active, connector and applier running, not stopped, and the last applied tick younger than 500 ms.
 */
export type FlowStatus = {
  flow: FlowId;
  slice: string;
  source: Side;
  incarnation: number;
  healthy: boolean;
  /** Why it is not healthy, in words an operator can act on; empty when healthy. */
  reasons: string[];
  connector: { state: string; version: string; restartedAt: string | null };
  slot: { active: boolean; walStatus: string | null };
  applier: { running: boolean; term: number; stopped: { code: string; message: string; next: string } | null };
  /** Age of the last applied tick at the target. */
  lagMs: number | null;
  /** 99th percentile of `lagMs` over the last minute. */
  lagMsP99: number | null;
  /** Position applied at the target, as a WAL position of the source. */
  appliedLsn: string | null;
  tickGaps: number;
  nextOffset: number;
  counts: { applied: number; skipped: number; droppedSnapshotRows: number; foreign: number; parked: number };
  parkedTenants: string[];
  backfill: { state: 'none' | 'open' | 'done'; id: string | null; rows: number; epoch: string | null };
  /** Connector or applier restarted and the restart check has not been clean since. */
  restartCheckDue: boolean;
};

/** Body of `POST /verify`. `live` compares while writers go on and confirms suspects; `frozen` needs both sides closed for the unit. */
export type VerifyRequest = { slice: string; tenant: string; mode: 'live' | 'frozen'; source: Side; scope?: 'full' | 'recent' };

export type VerifyMismatch = { table: string; pk: string; problem: 'missing' | 'extra' | 'different'; columns: string[] };

/** What a verify found. `mismatches` is cut at 100 rows; `mismatchCount` is not. */
export type VerifyReport = {
  verdict: 'clean' | 'mismatch';
  mode: 'live' | 'frozen';
  rows: number;
  suspects: number;
  confirmed: number;
  mismatchCount: number;
  mismatches: VerifyMismatch[];
  tables: { table: string; rows: number }[];
  takenAt: string;
  durationMs: number;
};

export type ParkedEvent = { flow: FlowId; tenant: string; seq: number; table: string; pk: string; error: string; parkedAt: string };

import type { FlowStatus, VerifyReport, VerifyRequest } from '@atlas/contracts/flow';
import type { Side } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import type { Cdc } from './cdc.ts';
import type { Fence, SideDatabase, UnitKey } from './side.ts';

type StreamEvent = { write: number } | { marker: bigint };

/** Two databases with fences, rows (numbers in the order they were written) and the two flows between them, for tests. */
export class MemoryStreams {
  fences: Record<Side, Fence> = { legacy: { owner: 'here', epoch: 1n }, extracted: { owner: 'none', epoch: 1n } };
  rows: Record<Side, number[]> = { legacy: [], extracted: [] };
  /** What each side has written and the other has not applied yet. */
  queues: Record<Side, StreamEvent[]> = { legacy: [], extracted: [] };
  applied: Record<Side, Set<bigint>> = { legacy: new Set(), extracted: new Set() };
  turn: (statement: string) => Promise<void> = async () => {};
  fault: () => 'none' | 'lost-before' | 'lost-after' = () => 'none';
  /** Called after each change of a fence, for invariants. */
  onFence: (side: Side, before: Fence, after: Fence) => void = () => {};
  isClean = true;
  flowStatus: Record<'f' | 'r', FlowStatus | Error> = {
    f: healthyFlow('f.notifications', 'legacy'),
    r: healthyFlow('r.notifications', 'extracted'),
  };
  backfills: string[] = [];
  writerMs = 0;
  #next = 1;

  /** A write past the gateway: refused (false) by the guard unless the side owns the unit. */
  write(side: Side): boolean {
    if (this.fences[side].owner !== 'here') return false;
    this.rows[side].push(this.#next);
    this.queues[side].push({ write: this.#next });
    this.#next += 1;
    return true;
  }

  /** Applies the oldest change of `from` at the other side. Throws FOREIGN_EVENT when that side owns the unit. */
  apply(from: Side): void {
    const to = from === 'legacy' ? 'extracted' : 'legacy';
    const event = this.queues[from].shift();
    if (event === undefined) return;
    if ('marker' in event) this.applied[to].add(event.marker);
    else if (this.fences[to].owner === 'here') throw new AppError('FOREIGN_EVENT', { to });
    else this.rows[to].push(event.write);
  }

  side(side: Side): SideDatabase {
    return {
      fence: async () => {
        await this.turn(`fence of ${side}`);
        return { ...this.fences[side] };
      },
      setOwnerAndMark: async (_unit: UnitKey, fence: Fence) => {
        await this.turn(`set ${side} ${fence.owner}`);
        const fault = this.fault();
        if (fault === 'lost-before') throw new Error('answer lost');
        const before = this.fences[side];
        if (fence.epoch <= before.epoch) throw Object.assign(new Error('epoch is not newer'), { code: 'SF003' });
        this.fences[side] = { ...fence };
        this.queues[side].push({ marker: fence.epoch });
        this.onFence(side, before, fence);
        if (fault === 'lost-after') throw new Error('answer lost');
      },
      tick: () => this.turn(`tick ${side}`),
      markerApplied: async (_flow: string, _unit: UnitKey, epoch: bigint) => {
        await this.turn(`marker at ${side}`);
        return this.applied[side].has(epoch) ? { clean: this.isClean } : null;
      },
      longestWriterMs: async () => this.writerMs,
      close: async () => {},
    };
  }

  cdc(): Cdc {
    return {
      flow: async (flow) => {
        await this.turn('flow');
        const status = this.flowStatus[flow.startsWith('f.') ? 'f' : 'r'];
        if (status instanceof Error) throw status;
        return status;
      },
      verify: async (request) => {
        await this.turn('verify');
        return this.#compare(request);
      },
      backfill: async (flow) => {
        this.backfills.push(flow);
      },
      parked: async () => [],
    };
  }

  #compare({ mode }: VerifyRequest): VerifyReport {
    const isSame = JSON.stringify(this.rows.legacy) === JSON.stringify(this.rows.extracted);
    const rows = this.rows.legacy.length;
    return {
      verdict: isSame ? 'clean' : 'mismatch',
      mode,
      rows,
      suspects: 0,
      confirmed: 0,
      mismatchCount: isSame ? 0 : 1,
      mismatches: isSame ? [] : [{ table: 't', pk: '1', problem: 'different', columns: ['x'] }],
      tables: [{ table: 't', rows }],
      takenAt: new Date(0).toISOString(),
      durationMs: 1,
    };
  }
}

/** A flow with nothing to complain about. */
export function healthyFlow(flow: 'f.notifications' | 'r.notifications', source: Side): FlowStatus {
  return {
    flow,
    slice: 'notifications',
    source,
    incarnation: 1,
    healthy: true,
    reasons: [],
    connector: { state: 'RUNNING', version: '3.7.0.Final', restartedAt: null },
    slot: { active: true, walStatus: 'reserved' },
    applier: { running: true, term: 1, stopped: null },
    lagMs: 20,
    lagMsP99: 60,
    appliedLsn: '0/1',
    tickGaps: 0,
    nextOffset: 1,
    counts: { applied: 0, skipped: 0, droppedSnapshotRows: 0, foreign: 0, parked: 0 },
    parkedTenants: [],
    backfill: { state: 'done', id: 'b1', rows: 0, epoch: '1' },
    restartCheckDue: false,
  };
}

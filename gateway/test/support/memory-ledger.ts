import type { Evidence, LedgerView, Unit } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import type { LedgerClient } from '@atlas/kit/ledger';

/** A ledger in memory that a test drives. Changes are obeyed at once, like a renewal that has just come back. */
export type MemoryLedger = LedgerClient & {
  /** Changes the unit of `notifications` and raises the revision; gateways are told. */
  change(change: Partial<Unit>): void;
  /** Changes it in the control database only: a gateway sees it at its next refresh. */
  changeUnseen(change: Partial<Unit>): void;
  setLeased(isLeased: boolean, lostMs?: number): void;
  setGatewaysLeased(count: number): void;
  setReachable(isReachable: boolean): void;
  publish(plan: Plan): void;
  readonly drained: bigint;
  readonly evidence: Evidence[];
};

export function memoryLedger(plan: Plan | null, unit: Partial<Unit> | null = {}): MemoryLedger {
  let stored: LedgerView | null = unit === null ? null : firstView(unit);
  let view = stored;
  let currentPlan = plan;
  let lease = { isLeased: true, lostMs: 0 };
  let isReachable = true;
  let drained = 0n;
  const listeners: (() => void)[] = [];
  const evidence: Evidence[] = [];
  const tell = () => {
    view = stored;
    for (const listener of listeners) listener();
  };
  const store = (change: Partial<Unit>, planRevisionStep = 0n) => {
    const before = stored ?? firstView({});
    const units = before.units.map((one) => ({ ...one, ...change, version: one.version + 1n }));
    stored = { ...before, units, revision: before.revision + 1n, planRevision: before.planRevision + planRevisionStep };
  };
  return {
    start: async () => {},
    stop: async () => {},
    view: () => view,
    plan: () => currentPlan,
    isLeased: () => lease.isLeased,
    leaseLostMs: () => lease.lostMs,
    onChange: (listener) => void listeners.push(listener),
    refresh: async () => {
      if (!isReachable) throw new AppError('LEDGER_UNAVAILABLE');
      if (view !== stored) tell();
    },
    setDrained: (revision) => {
      if (revision > drained) drained = revision;
    },
    recordEvidence: async (one) => {
      if (!isReachable) throw new AppError('LEDGER_UNAVAILABLE');
      evidence.push(one);
    },
    change: (change) => {
      store(change);
      tell();
    },
    changeUnseen: (change) => store(change),
    setLeased: (isLeased, lostMs = isLeased ? 0 : 1) => {
      lease = { isLeased, lostMs };
    },
    setGatewaysLeased: (gatewaysLeased) => {
      if (stored !== null) stored = { ...stored, gatewaysLeased };
      view = stored;
    },
    setReachable: (reachable) => {
      isReachable = reachable;
    },
    publish: (next) => {
      currentPlan = next;
      store({}, 1n);
      tell();
    },
    get drained() {
      return drained;
    },
    evidence,
  };
}

function firstView(unit: Partial<Unit>): LedgerView {
  const atRest: Unit = {
    slice: 'notifications',
    tenant: '*',
    phase: 'legacy',
    owner: 'legacy',
    reads: 'legacy',
    epoch: 1n,
    move: null,
    splitBasisPoints: 0,
    version: 1n,
  };
  return { revision: 1n, planRevision: 1n, gatewaysLeased: 1, units: [{ ...atRest, ...unit }] };
}

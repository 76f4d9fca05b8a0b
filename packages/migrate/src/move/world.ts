import type { Direction, MoveStep } from '@atlas/contracts/control';
import type { Side, Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import type { Clock } from '../clock.ts';
import type { Cdc } from '../ports/cdc.ts';
import type { UnitLock } from '../ports/ledger.ts';
import type { SideDatabase } from '../ports/side.ts';

/** Everything a move touches. The lock is the only way to the ledger's row. */
export type MoveWorld = {
  lock: UnitLock;
  sides: Record<Side, SideDatabase>;
  cdc: Pick<Cdc, 'flow' | 'verify'>;
  clock: Clock;
  failpoint(name: string): Promise<unknown>;
  log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
};

/** A move's own budget from HOLD to the commit point; over it the orchestrator aborts itself. */
export const budgetMs = 2_000;
/** How long a fencer asks for its lock, in slices. */
export const fenceWaitMsMax = 1_200;
/** How long one run tries to finish what the resume table asks before it gives the lock back and starts again at the table. */
export const settleMsMax = 20_000;

export function otherSide(side: Side): Side {
  return side === 'legacy' ? 'extracted' : 'legacy';
}

/** The flow that carries a side's changes to the other side. */
export function flowFrom(side: Side, slice: string): string {
  return `${side === 'legacy' ? 'f' : 'r'}.${slice}`;
}

/** Legacy gives away by cutover and gets back by reverse. */
export function directionFrom(owner: Side): Direction {
  return owner === 'legacy' ? 'cutover' : 'reverse';
}

/** A move under way: the row as last read or written, and how long each step took. */
export type MoveState = {
  unit: Unit;
  timings: Partial<Record<MoveStep, number>>;
  /** Monotonic, right after the hold was written; null when another process wrote it. */
  heldAtMs: number | null;
  /** The step under way, for the reason of an abort. */
  step: MoveStep | null;
};

export function moveState(unit: Unit): MoveState {
  return { unit, timings: {}, heldAtMs: null, step: null };
}

/** Runs one step between its failpoints and notes its milliseconds. */
export async function runStep<T>(world: MoveWorld, state: MoveState, step: MoveStep, work: () => Promise<T>): Promise<T> {
  state.step = step;
  await world.failpoint(`move.${step}.before`);
  const startedAt = world.clock.monotonicMs();
  const result = await work();
  state.timings[step] = Math.round((world.clock.monotonicMs() - startedAt) * 10) / 10;
  await world.failpoint(`move.${step}.after`);
  return result;
}

/** Whether the ledger itself is in doubt: nothing may be assumed, whoever goes on starts at the resume table with a new lock. */
export function isLedgerTrouble(error: unknown): boolean {
  return error instanceof AppError && ['LOCK_LOST', 'LEDGER_CONFLICT', 'LEDGER_UNAVAILABLE'].includes(error.code);
}

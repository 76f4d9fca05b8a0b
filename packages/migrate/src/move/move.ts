import type { Direction, MoveStep } from '@atlas/contracts/control';
import type { VerifyReport } from '@atlas/contracts/flow';
import type { Side, Unit } from '@atlas/contracts/ledger';
import { AppError, errorText } from '@atlas/kit/errors';
import type { Fleet } from '../ports/ledger.ts';
import { fenceTo } from './fence-to.ts';
import { settle } from './settle.ts';
import { waitUntil } from './wait.ts';
import {
  budgetMs,
  directionFrom,
  fenceWaitMsMax,
  flowFrom,
  isLedgerTrouble,
  type MoveState,
  type MoveWorld,
  moveState,
  otherSide,
  runStep,
} from './world.ts';

/** How a move ended. `aborted`: the old owner writes again, held requests went to it, `reason` says why and `at` in which step. */
export type MoveOutcome = { direction: Direction; timings: Partial<Record<MoveStep, number>>; heldMs: number; unit: Unit } & (
  | { kind: 'moved' }
  | { kind: 'aborted'; at: MoveStep; reason: string }
);

/**
 * Moves a unit at rest to the other side: cutover and reverse are this one function with the sides swapped (sync-and-cutover §7, §14).
 * `evidence` are the ids of what the gates believed; they are journaled in the commit point.
 * Throws LOCK_LOST, LEDGER_CONFLICT, LEDGER_UNAVAILABLE, FENCE_REFUSED when only the resume table can go on; any other failure aborts.
 */
export async function runMove(world: MoveWorld, start: Unit, evidence: number[]): Promise<MoveOutcome> {
  if (start.move !== null) throw new AppError('MOVE_REFUSED', { message: `unit ${start.slice} is moving already` });
  const state = moveState(start);
  const direction = directionFrom(start.owner);
  const failure = await towardsCommit(world, state, evidence);
  const unit = await settle(world, state, failure?.reason ?? 'moved');
  const heldMs = Math.round((world.clock.monotonicMs() - (state.heldAtMs ?? world.clock.monotonicMs())) * 10) / 10;
  const facts = { direction, timings: state.timings, heldMs, unit };
  return failure === null ? { kind: 'moved', ...facts } : { kind: 'aborted', ...failure, ...facts };
}

async function towardsCommit(world: MoveWorld, state: MoveState, evidence: number[]): Promise<{ at: MoveStep; reason: string } | null> {
  try {
    await prepareAndCommit(world, state, evidence);
    return null;
  } catch (error) {
    if (state.unit.move === 'committed') return null;
    if (state.unit.move !== 'holding' || isLedgerTrouble(error)) throw error;
    return { at: state.step ?? 'hold', reason: errorText(error) };
  }
}

async function prepareAndCommit(world: MoveWorld, state: MoveState, evidence: number[]): Promise<void> {
  const { slice, tenant, owner: from } = state.unit;
  const to = otherSide(from);
  const epoch = state.unit.epoch + 1n;
  const holdRevision = await runStep(world, state, 'hold', () => hold(world, state, to));
  const deadline = (state.heldAtMs ?? 0) + budgetMs;
  await runStep(world, state, 'drain', () => drain(world, holdRevision, deadline));
  await runStep(world, state, 'fence', () => closeOwner(world, state.unit, epoch, deadline));
  await runStep(world, state, 'catch-up', () => catchUp(world, state.unit, epoch, deadline));
  const compared = await runStep(world, state, 'compare', () => compare(world, { slice, tenant, source: from }, deadline));
  const prepared = await runStep(world, state, 'prepare', () => prepare(world, slice, to));
  await runStep(world, state, 'commit', async () => {
    if (world.clock.monotonicMs() >= deadline) throw new AppError('MOVE_ABORTED', { message: `over its budget of ${budgetMs} ms` });
    const change = { ...restingAt(to), owner: to, epoch, move: 'committed' } as const;
    const payload = {
      direction: directionFrom(from),
      from,
      to,
      epoch,
      evidence,
      compared: summaryOf(compared),
      prepared,
      timings: state.timings,
    };
    state.unit = (await world.lock.compareAndSet(state.unit, change, { kind: 'move.commit', payload })).unit;
  });
}

/** Phase and split a slice lands in: cutover in `extracted`; reverse in `replicating`, with F running, so that the next flip needs no new snapshot. */
function restingAt(owner: Side): Pick<Unit, 'phase' | 'splitBasisPoints'> {
  return owner === 'extracted' ? { phase: 'extracted', splitBasisPoints: 10_000 } : { phase: 'replicating', splitBasisPoints: 0 };
}

async function hold(world: MoveWorld, state: MoveState, to: Side): Promise<bigint> {
  const { owner: from, epoch } = state.unit;
  const draft = { kind: 'move.hold', payload: { direction: directionFrom(from), from, to, epoch } };
  const { unit, revision } = await world.lock.compareAndSet(state.unit, { move: 'holding' }, draft);
  state.unit = unit;
  state.heldAtMs = world.clock.monotonicMs();
  await waitUntil(world.clock, state.heldAtMs + budgetMs, `every gateway holds (revision ${revision})`, async () => {
    const fleet = leasedFleet(await world.lock.fleet());
    return fleet.gateways.every((gateway) => gateway.seenRevision >= revision) ? true : null;
  });
  return revision;
}

function drain(world: MoveWorld, revision: bigint, deadline: number): Promise<true> {
  return waitUntil(world.clock, deadline, 'every gateway drains writes under way', async () => {
    const fleet = leasedFleet(await world.lock.fleet());
    return fleet.gateways.every((gateway) => gateway.drainedRevision >= revision) ? true : null;
  });
}

/** A gateway that lost its lease before the commit point aborts the move: nobody knows what it forwards. */
function leasedFleet(fleet: Fleet): Fleet {
  const lost = fleet.gateways.find((gateway) => !gateway.isLeased);
  if (lost !== undefined) throw new AppError('MOVE_ABORTED', { message: `gateway ${lost.id} lost its lease` });
  return fleet;
}

async function closeOwner(world: MoveWorld, unit: Unit, epoch: bigint, deadline: number): Promise<void> {
  const flow = flowFrom(unit.owner, unit.slice);
  const waitMsMax = Math.max(0, Math.min(fenceWaitMsMax, deadline - world.clock.monotonicMs()));
  await fenceTo(world.sides[unit.owner], unit, { owner: 'none', epoch }, { flow, waitMsMax });
  // A transaction's end is seen only with the next event: tick at once.
  await world.sides[unit.owner].tick(flow);
}

async function catchUp(world: MoveWorld, unit: Unit, epoch: bigint, deadline: number): Promise<void> {
  const target = world.sides[otherSide(unit.owner)];
  const flow = flowFrom(unit.owner, unit.slice);
  const { clean } = await waitUntil(world.clock, deadline, `marker of epoch ${epoch} applied by ${flow}`, () =>
    target.markerApplied(flow, unit, epoch),
  );
  if (!clean) throw new AppError('MOVE_ABORTED', { message: `events of the unit are parked in ${flow}; see: pnpm migrate parked` });
}

async function compare(world: MoveWorld, what: { slice: string; tenant: string; source: Side }, deadline: number): Promise<VerifyReport> {
  const timeoutMs = Math.max(1, Math.floor(deadline - world.clock.monotonicMs()));
  const report = await world.cdc.verify({ ...what, mode: 'frozen', scope: 'full' }, timeoutMs);
  if (report.verdict === 'clean') return report;
  const first = report.mismatches.slice(0, 3).map((row) => `${row.table} ${row.pk} ${row.problem}`);
  throw new AppError('MOVE_ABORTED', { message: `${report.mismatchCount} rows differ: ${first.join(', ')}` });
}

/** Records where the new owner's own flow stands before any write there is possible: what it emits from here on starts after this. */
async function prepare(world: MoveWorld, slice: string, to: Side): Promise<Record<string, unknown>> {
  leasedFleet(await world.lock.fleet());
  const flow = flowFrom(to, slice);
  try {
    const { incarnation, slot, appliedLsn, nextOffset } = await world.cdc.flow(flow);
    if (!slot.active && to === 'extracted') throw new AppError('MOVE_ABORTED', { message: `slot of ${flow} is not active` });
    return { flow, incarnation, appliedLsn, nextOffset, slotActive: slot.active };
  } catch (error) {
    // The way back needs the databases only: F starts from its slot whenever it runs again.
    if (to === 'extracted') throw error;
    return { flow, unknown: errorText(error) };
  }
}

function summaryOf({ rows, suspects, durationMs, tables }: VerifyReport): Record<string, unknown> {
  return { rows, suspects, durationMs, tables };
}

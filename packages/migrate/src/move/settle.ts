import type { Unit } from '@atlas/contracts/ledger';
import { AppError, assertNever, errorText } from '@atlas/kit/errors';
import { fenceTo } from './fence-to.ts';
import { waitUntil } from './wait.ts';
import {
  directionFrom,
  fenceWaitMsMax,
  flowFrom,
  isLedgerTrouble,
  type MoveState,
  type MoveWorld,
  otherSide,
  runStep,
  settleMsMax,
} from './world.ts';

const acknowledgeMsMax = 5_000;
const pauseMsMin = 50;
const pauseMsMax = 1_000;

/**
 * The resume table (sync-and-cutover §7, §14): brings a moving unit to rest, back when it was not committed, on when it was.
 * The row already holds its epoch; only `holding` takes a new one. Tries again while the lock holds; the row in hand is never refreshed.
 * Throws LOCK_LOST, LEDGER_CONFLICT, LEDGER_UNAVAILABLE, FENCE_REFUSED: start again at the table with a new lock.
 */
export async function settle(world: MoveWorld, state: MoveState, why: string): Promise<Unit> {
  const deadline = world.clock.monotonicMs() + settleMsMax;
  let pauseMs = pauseMsMin;
  while (state.unit.move !== null) {
    try {
      await settleByTable(world, state, why);
    } catch (error) {
      const isOver = world.clock.monotonicMs() >= deadline;
      if (isLedgerTrouble(error) || isRefused(error) || isOver) throw error;
      world.log.warn({ slice: state.unit.slice, step: state.step, error: errorText(error) }, 'step of a move failed, trying again');
      await world.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    }
  }
  return state.unit;
}

async function settleByTable(world: MoveWorld, state: MoveState, why: string): Promise<void> {
  const { move } = state.unit;
  if (move === 'holding') return markAborting(world, state, why);
  if (move === 'aborting') return giveBack(world, state, why);
  if (move === 'committed') return finish(world, state, why);
  if (move !== null) assertNever(move);
}

async function markAborting(world: MoveWorld, state: MoveState, why: string): Promise<void> {
  const at = state.step;
  await runStep(world, state, 'abort-mark', async () => {
    const change = { move: 'aborting', epoch: state.unit.epoch + 2n } as const;
    const payload = { reason: why, at, epoch: change.epoch, timings: state.timings };
    state.unit = (await world.lock.compareAndSet(state.unit, change, { kind: 'move.abort', payload })).unit;
  });
}

async function giveBack(world: MoveWorld, state: MoveState, why: string): Promise<void> {
  await runStep(world, state, 'abort-open', () => openOwner(world, state.unit));
  await runStep(world, state, 'abort-release', () => release(world, state, 'move.aborted', { reason: why, owner: state.unit.owner }));
}

// READS before OPEN: both sides are frozen and equal here, so reads may change sides exactly; nobody can write until they all know.
async function finish(world: MoveWorld, state: MoveState, why: string): Promise<void> {
  await runStep(world, state, 'reads', async () => {
    if (state.unit.reads !== state.unit.owner) await moveReads(world, state);
    await everyLeaseSees(world, (await world.lock.fleet()).revision);
  });
  await runStep(world, state, 'open', () => openOwner(world, state.unit));
  const from = otherSide(state.unit.owner);
  await runStep(world, state, 'release', () =>
    release(world, state, 'move.release', { direction: directionFrom(from), from, to: state.unit.owner, note: why }),
  );
}

async function moveReads(world: MoveWorld, state: MoveState): Promise<void> {
  const { owner } = state.unit;
  const draft = { kind: 'move.reads', payload: { reads: owner } };
  state.unit = (await world.lock.compareAndSet(state.unit, { reads: owner }, draft)).unit;
}

/** A gateway without a lease holds everything of a moving unit, so only leased ones are waited for. */
async function everyLeaseSees(world: MoveWorld, revision: bigint): Promise<void> {
  const deadline = world.clock.monotonicMs() + acknowledgeMsMax;
  await waitUntil(world.clock, deadline, `gateways see revision ${revision}`, async () => {
    const { gateways } = await world.lock.fleet();
    return gateways.every((gateway) => !gateway.isLeased || gateway.seenRevision >= revision) ? true : null;
  });
}

function openOwner(world: MoveWorld, unit: Unit): Promise<void> {
  const options = { flow: flowFrom(unit.owner, unit.slice), waitMsMax: fenceWaitMsMax };
  return fenceTo(world.sides[unit.owner], unit, { owner: 'here', epoch: unit.epoch }, options);
}

async function release(world: MoveWorld, state: MoveState, kind: string, facts: Record<string, unknown>): Promise<void> {
  const heldMs = await heldMsOf(world, state);
  const payload = { ...facts, epoch: state.unit.epoch, timings: state.timings, heldMs, resumed: state.heldAtMs === null };
  state.unit = (await world.lock.compareAndSet(state.unit, { move: null }, { kind, payload })).unit;
}

/** Milliseconds since the hold, by our own clock when we wrote it, else by the journal's. */
export async function heldMsOf(world: MoveWorld, state: MoveState): Promise<number | null> {
  const ms = state.heldAtMs === null ? await world.lock.heldSinceMs() : world.clock.monotonicMs() - state.heldAtMs;
  return ms === null ? null : Math.round(ms * 10) / 10;
}

function isRefused(error: unknown): boolean {
  return error instanceof AppError && error.code === 'FENCE_REFUSED';
}

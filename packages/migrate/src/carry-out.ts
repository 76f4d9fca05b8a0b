import type { GateResult, IntentState } from '@atlas/contracts/control';
import type { Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { AppError, assertNever, errorText } from '@atlas/kit/errors';
import { type FactPorts, type Facts, readFacts } from './facts.ts';
import { holding } from './gates/all.ts';
import type { MoveOutcome } from './move/move.ts';
import { settle } from './move/settle.ts';
import { directionFrom, type MoveWorld, moveState, otherSide } from './move/world.ts';
import { type NextStep, nextStep } from './next-step.ts';
import type { Intent, IntentDetail, UnitLock } from './ports/ledger.ts';
import { applyStep, checkStep, type Doable } from './steps/all.ts';
import type { StepOutcome } from './steps/step.ts';

/** What carrying out needs: ports for facts and all of a move's world but the lock, which is taken here. */
export type CarryPorts = FactPorts & Omit<MoveWorld, 'lock'>;

/** Where an intent stands after one attempt. `acted`: something changed, look again at once. */
export type Progress = {
  state: IntentState;
  reason: string;
  detail: IntentDetail;
  acted: boolean;
  facts: Facts | null;
  isTrouble?: boolean;
};

const attemptsMax = 3;
const retryPauseMs = 5_000;
const waitNext = 'pnpm migrate status';

/** Carries out the next step of an intent, or says what it waits for. One step a call; the caller calls again. */
export async function carryOut(ports: CarryPorts, intent: Intent, plan: SlicePlan): Promise<Progress> {
  const unit = await ports.ledger.readUnit(intent.slice, intent.tenant);
  if (unit.move !== null) return settleFirst(ports, intent);
  const next = nextStep(unit, intent, plan);
  if (!isDoable(next)) return ended(intent, unit, next);
  if (isLeftBehind(intent, next)) return underLock(ports, intent, (lock) => carryOutLocked({ ports, lock, intent, plan }));
  if (isPausing(intent, ports.clock.nowMs())) return stays(intent, intent.reason);
  const facts = await readFacts(ports, unit, plan);
  const holds = holding(checkStep(next, facts));
  if (holds.length > 0) return waits(intent, facts, holds);
  return underLock(ports, intent, (lock) => carryOutLocked({ ports, lock, intent, plan }));
}

/** The resume table for a unit that moves and nobody works on. Null when another process has the lock. */
export async function resume(ports: CarryPorts, slice: string, tenant: string): Promise<Unit | null> {
  const lock = await ports.ledger.lockUnit(slice, tenant);
  if (lock === null) return null;
  try {
    return await settleAtTable(ports, lock);
  } finally {
    await lock.release();
  }
}

type Locked = { ports: CarryPorts; lock: UnitLock; intent: Intent; plan: SlicePlan };

// Everything is read and asked again: between the first look and the lock another process may have worked.
async function carryOutLocked({ ports, lock, intent, plan }: Locked): Promise<Progress> {
  const unit = await lock.read();
  if (unit.move !== null) {
    await settleAtTable(ports, lock);
    return { ...stays(intent, 'an unfinished move was settled first'), acted: true };
  }
  const next = nextStep(unit, intent, plan);
  if (!isDoable(next)) return ended(intent, unit, next);
  if (isLeftBehind(intent, next)) return failedMove(intent, 'the control plane stopped before the move began', null, ports.clock.nowMs());
  const facts = await readFacts(ports, unit, plan);
  const holds = holding(checkStep(next, facts));
  if (holds.length > 0) return waits(intent, facts, holds);
  if (isMove(next)) await announce(ports, intent, unit);
  const outcome = await applyStep(next, { facts, world: { ...ports, lock } });
  return told(intent, outcome, facts, ports.clock.nowMs());
}

async function settleFirst(ports: CarryPorts, intent: Intent): Promise<Progress> {
  return underLock(ports, intent, async (lock) => {
    const before = await lock.read();
    if (before.move === null) return { ...stays(intent, intent.reason), acted: true };
    await settleAtTable(ports, lock);
    if (before.move === 'committed') return { ...stays(intent, 'a committed move was finished'), acted: true };
    return failedMove(
      intent,
      'the control plane stopped during the move; it was aborted and the old owner writes again',
      null,
      ports.clock.nowMs(),
    );
  });
}

async function settleAtTable(ports: CarryPorts, lock: UnitLock): Promise<Unit> {
  const unit = await lock.read();
  if (unit.move === null) return unit;
  ports.log.warn({ slice: unit.slice, move: unit.move, epoch: unit.epoch.toString() }, 'unfinished move found');
  return settle({ ...ports, lock }, moveState(unit), `found ${unit.move} after a crash or a lost lock`);
}

async function underLock(ports: CarryPorts, intent: Intent, work: (lock: UnitLock) => Promise<Progress>): Promise<Progress> {
  const lock = await ports.ledger.lockUnit(intent.slice, intent.tenant);
  if (lock === null) return stays(intent, 'another process works on this unit');
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

async function announce(ports: CarryPorts, intent: Intent, unit: Unit): Promise<void> {
  const reason = `${directionFrom(unit.owner)} under way: ${unit.owner} → ${otherSide(unit.owner)}`;
  await ports.ledger.updateIntent(intent.id, { state: 'running', reason, detail: { ...intent.detail, gates: [], next: waitNext } });
}

function told(intent: Intent, outcome: StepOutcome, facts: Facts, nowMs: number): Progress {
  const detail = { ...intent.detail, gates: [], next: waitNext };
  switch (outcome.kind) {
    case 'wait':
      return { state: 'waiting', reason: outcome.reason, detail, acted: false, facts };
    case 'done':
      return { state: 'waiting', reason: outcome.did, detail, acted: true, facts };
    case 'move':
      return toldMove(intent, outcome.outcome, nowMs);
    default:
      return assertNever(outcome);
  }
}

function toldMove(intent: Intent, outcome: MoveOutcome, nowMs: number): Progress {
  if (outcome.kind === 'aborted')
    return failedMove(intent, `${outcome.direction} aborted at ${outcome.at}: ${outcome.reason}`, outcome, nowMs);
  const detail = { ...intent.detail, gates: [], next: waitNext, timings: outcome.timings, heldMs: outcome.heldMs };
  const reason = `${outcome.direction} done, held ${Math.round(outcome.heldMs)} ms`;
  return { state: 'waiting', reason, detail, acted: true, facts: null };
}

/** A flag goes on asking, so its move is tried again; whoever asked by command is told and asks again. */
function failedMove(intent: Intent, reason: string, outcome: MoveOutcome | null, nowMs: number): Progress {
  const attempts = intent.detail.attempts + 1;
  const timed = outcome === null ? {} : { timings: outcome.timings, heldMs: outcome.heldMs };
  const detail: IntentDetail = { ...intent.detail, ...timed, attempts, gates: [], next: 'pnpm migrate journal' };
  const isTriedAgain = intent.source === 'flag' && attempts < attemptsMax;
  if (!isTriedAgain) return { state: 'failed', reason, detail, acted: false, facts: null };
  const retryAt = new Date(nowMs + retryPauseMs * attempts).toISOString();
  return {
    state: 'waiting',
    reason: `${reason}; tries again (${attempts} of ${attemptsMax})`,
    detail: { ...detail, retryAt },
    acted: false,
    facts: null,
  };
}

function ended(intent: Intent, unit: Unit, next: Exclude<NextStep, Doable>): Progress {
  const base = { acted: false, facts: null } as const;
  switch (next.kind) {
    case 'there': {
      const detail = { ...intent.detail, gates: [], next: nextCommand(unit) };
      return { ...base, state: 'done', reason: intent.reason === '' ? `already ${unit.phase}` : intent.reason, detail };
    }
    case 'capped': {
      const next_ = `raise the split: flag split.${unit.slice}, or pnpm migrate advance ${unit.slice} --to ${intent.want}`;
      return {
        ...base,
        state: 'waiting',
        reason: `the split may not pass ${next.percent} %; cutover follows canary's last step`,
        detail: { ...intent.detail, gates: [], next: next_ },
      };
    }
    case 'no-way':
      return {
        ...base,
        state: 'failed',
        reason: `no way leads from ${unit.phase} to ${intent.want}`,
        detail: { ...intent.detail, gates: [], next: waitNext },
      };
    default:
      return assertNever(next);
  }
}

/** What an operator may want next from where a unit is. */
export function nextCommand(unit: Unit): string {
  const { slice, phase } = unit;
  if (phase === 'extracted') return `pnpm migrate reverse ${slice}`;
  if (phase === 'canary' && unit.splitBasisPoints === 10_000) return `pnpm migrate cutover ${slice}`;
  return phase === 'retired' ? waitNext : `pnpm migrate advance ${slice}`;
}

function waits(intent: Intent, facts: Facts, gates: GateResult[]): Progress {
  const reason = `waits for ${gates.map((gate) => `${gate.gate} (${gate.why})`).join(', ')}`;
  const next = gates.find((gate) => gate.next !== '')?.next ?? waitNext;
  return { state: 'waiting', reason, detail: { ...intent.detail, gates, next }, acted: false, facts };
}

function stays(intent: Intent, reason: string): Progress {
  return { state: intent.state, reason, detail: intent.detail, acted: false, facts: null };
}

function isPausing(intent: Intent, nowMs: number): boolean {
  return intent.detail.retryAt !== undefined && Date.parse(intent.detail.retryAt) > nowMs;
}

function isDoable(next: NextStep): next is Doable {
  return next.kind === 'transition' || next.kind === 'raise' || next.kind === 'lower';
}

/** A move was announced, and is not under way: whoever announced it is gone, or holds the lock and is about to begin. */
function isLeftBehind(intent: Intent, next: Doable): boolean {
  return intent.state === 'running' && isMove(next);
}

function isMove(next: Doable): boolean {
  return next.kind === 'transition' && (next.transition.kind === 'cutover' || next.transition.kind === 'reverse');
}

/** An error of carrying out, as progress: the intent stays open and says what is wrong. */
export function troubled(intent: Intent, error: unknown): Progress {
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  const detail = { ...intent.detail, next: code === 'UNAVAILABLE' ? 'pnpm stack status' : waitNext };
  return { ...stays(intent, errorText(error)), detail, isTrouble: true };
}

import type { Side } from '@atlas/contracts/ledger';
import type { Decision, Why } from './decision.ts';
import type { Facts, UnitFacts } from './facts.ts';

/** Where one request goes. Pure and total: same facts, same answer. The order of the questions is the policy. */
export function decide(facts: Facts): Decision {
  const { unit } = facts;
  if (unit === 'none') return { kind: 'forward', upstream: 'legacy', why: 'not-sliced' };
  if (unit === 'unread') return { kind: 'refuse', status: 429, code: 'LEDGER_UNAVAILABLE' };
  if (unit.move !== null) return whileMoving(facts, unit);
  if (facts.effect === 'write') return forward(unit, unit.owner, 'owner');
  if (facts.isBlind) return hold(facts, unit);
  return decideRead(facts, unit);
}

function whileMoving(facts: Facts, unit: UnitFacts): Decision {
  if (facts.effect === 'write' || !facts.isLeased) return hold(facts, unit);
  return forward(unit, unit.reads, 'moving');
}

function hold(facts: Facts, unit: UnitFacts): Decision {
  if (facts.nowMs >= facts.deadlineMs) return { kind: 'refuse', status: 429, code: 'HOLD_TIMEOUT' };
  return { kind: 'hold', slice: unit.slice, untilMs: facts.deadlineMs };
}

function decideRead(facts: Facts, unit: UnitFacts): Decision {
  const { pin, override, broken } = facts;
  if (pin !== undefined && isValid(facts, unit, pin)) return forward(unit, pin, 'pinned');
  if (override !== undefined && isValid(facts, unit, override)) return forward(unit, override, 'override');
  const [side, why] = unit.phase === 'canary' ? inCanary(facts, unit) : byPhase(facts, unit);
  const other = otherSide(side);
  if (broken === side && isValid(facts, unit, other)) return forward(unit, other, 'breaker-open');
  return { ...forward(unit, side, why), ...(isShadowed(facts, unit, side) ? { shadow: true } : {}) };
}

/** A sampled read that the legacy answers while the extracted side is on trial. */
function isShadowed(facts: Facts, unit: UnitFacts, side: Side): boolean {
  return facts.isSampled && side === 'legacy' && (unit.phase === 'shadow' || unit.phase === 'canary');
}

/** The phase's side when it may answer reads, else the owner. */
function byPhase(facts: Facts, unit: UnitFacts): [Side, Why] {
  const wanted: Side = unit.phase === 'extracted' || unit.phase === 'retired' ? 'extracted' : 'legacy';
  return isValid(facts, unit, wanted) ? [wanted, 'phase'] : [unit.owner, 'owner'];
}

function inCanary(facts: Facts, unit: UnitFacts): [Side, Why] {
  if (facts.listed === 'deny') return ['legacy', 'listed'];
  if (facts.listed === 'allow') return candidateOr(facts, unit, 'listed');
  if (facts.bucket === undefined) return ['legacy', 'no-cohort'];
  if (facts.bucket >= unit.splitBasisPoints) return ['legacy', 'outside-cohort'];
  return candidateOr(facts, unit, 'in-cohort');
}

function candidateOr(facts: Facts, unit: UnitFacts, why: Why): [Side, Why] {
  if (isValid(facts, unit, 'extracted')) return ['extracted', why];
  return [unit.owner, facts.standing === 'parked' ? 'parked' : 'behind-watermark'];
}

/** A side may answer a read when it owns the unit, or when it has applied the tenant's last write and nothing of it is parked. */
function isValid(facts: Facts, unit: UnitFacts, side: Side): boolean {
  return unit.owner === side || (side === 'extracted' && facts.standing === 'applied');
}

function otherSide(side: Side): Side {
  return side === 'legacy' ? 'extracted' : 'legacy';
}

function forward(unit: UnitFacts, upstream: Side, why: Why): Extract<Decision, { kind: 'forward' }> {
  return { kind: 'forward', upstream, why, slice: unit.slice, epoch: unit.epoch };
}

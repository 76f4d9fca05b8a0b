import {
  abortSteps,
  type EvidenceSummary,
  type FlowSummary,
  type GateResult,
  type GatewayStatus,
  type IntentReport,
  moveSteps,
  type SliceStatus,
} from '@atlas/contracts/control';
import type { Unit } from '@atlas/contracts/ledger';
import { nextCommand } from './carry-out.ts';
import { type Facts, type FlowFact, isKnown } from './facts.ts';
import { nextStep, type Wish } from './next-step.ts';
import type { EvidenceRow, Gateway, Intent } from './ports/ledger.ts';
import { checkStep } from './steps/all.ts';

/** One slice's status from facts read once. Pure. */
export function sliceStatus(facts: Facts, intent: Intent | null): SliceStatus {
  const { unit } = facts;
  const gates = unit.move === null ? gatesAhead(facts, intent ?? forwardWish(unit)) : [];
  return {
    slice: unit.slice,
    tenant: unit.tenant,
    phase: unit.phase,
    owner: unit.owner,
    reads: unit.reads,
    epoch: unit.epoch.toString(),
    version: unit.version.toString(),
    move: unit.move,
    splitBasisPoints: unit.splitBasisPoints,
    flows: { f: flowSummary(facts.flows.f), r: flowSummary(facts.flows.r) },
    evidence: Object.values(facts.evidence).map(evidenceSummary),
    intent: intent === null ? null : intentReport(intent),
    gates,
    next: nextOf(unit, intent, gates),
  };
}

export function intentReport(intent: Intent): IntentReport {
  const { id, slice, tenant, want, split, source, state, reason, detail, at, changedAt } = intent;
  const { next, gates, timings, heldMs, attempts } = detail;
  const times = { at: at.toISOString(), changedAt: changedAt.toISOString() };
  return { id, slice, tenant, want, split, source, state, reason, next, gates, timings: inOrder(timings), heldMs, attempts, ...times };
}

// jsonb forgets the order of keys; people read the steps as they were done.
function inOrder(timings: IntentReport['timings']): IntentReport['timings'] {
  const done = [...moveSteps, ...abortSteps].flatMap((step) => (timings[step] === undefined ? [] : [[step, timings[step]]]));
  return Object.fromEntries(done);
}

export function gatewayStatus(gateway: Gateway): GatewayStatus {
  const { id, url, isLeased, leaseUntil, seenRevision, drainedRevision } = gateway;
  return {
    id,
    url,
    leased: isLeased,
    seenRevision: seenRevision.toString(),
    drainedRevision: drainedRevision.toString(),
    leaseUntil: leaseUntil.toISOString(),
  };
}

/** Gates of the next step of a wish; none when nothing is ahead. */
export function gatesAhead(facts: Facts, wish: Wish): GateResult[] {
  const next = nextStep(facts.unit, wish, facts.plan);
  return next.kind === 'transition' || next.kind === 'raise' || next.kind === 'lower' ? checkStep(next, facts) : [];
}

/** Forward is always towards `extracted`; from there nothing is ahead but the way back. */
function forwardWish(unit: Unit): Wish {
  return { want: unit.phase === 'extracted' ? 'replicating' : 'extracted', split: null };
}

function nextOf(unit: Unit, intent: Intent | null, gates: GateResult[]): string {
  if (unit.move !== null) return 'wait: the move ends by itself';
  if (intent !== null) return intent.detail.next || 'pnpm migrate status';
  const held = gates.find((gate) => gate.verdict !== 'pass' && gate.next !== '' && gate.gate !== 'dwell');
  return held === undefined ? nextCommand(unit) : held.next;
}

function flowSummary(flow: FlowFact): FlowSummary {
  if (!isKnown(flow)) return { healthy: false, lagMs: null, lagMsP99: null, parked: 0, reasons: [flow.unreachable] };
  return { healthy: flow.healthy, lagMs: flow.lagMs, lagMsP99: flow.lagMsP99, parked: flow.counts.parked, reasons: flow.reasons };
}

function evidenceSummary(row: EvidenceRow): EvidenceSummary {
  const { kind, verdict, takenAt, expiresAt, ageSeconds, value } = row;
  return { kind, verdict, takenAt, expiresAt, ageSeconds: Math.round(ageSeconds * 10) / 10, value };
}

import type { GateResult } from '@atlas/contracts/control';
import type { Phase } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { AppError, assertNever } from '@atlas/kit/errors';
import type { Facts } from '../facts.ts';
import { askGates } from '../gates/all.ts';
import type { NextStep } from '../next-step.ts';
import type { Transition } from '../phases.ts';
import { canary, checkRaise, setSplit } from './canary.ts';
import { extracted } from './extracted.ts';
import { replicating } from './replicating.ts';
import { shadow } from './shadow.ts';
import type { Step, StepContext, StepOutcome } from './step.ts';

const steps: Partial<Record<Phase, Step>> = { replicating, shadow, canary, extracted };

/** A step that can be carried out (not `there`, `capped` or `no-way`). */
export type Doable = Extract<NextStep, { kind: 'transition' | 'raise' | 'lower' }>;

/** Gates in front of the next step. */
export function checkStep(next: Doable, facts: Facts): GateResult[] {
  if (next.kind === 'raise') return checkRaise(facts);
  return next.kind === 'lower' ? [] : askGates(next.transition.gates, facts);
}

/** Carries the next step out. Its gates passed, the lock is held. */
export function applyStep(next: Doable, context: StepContext): Promise<StepOutcome> {
  if (next.kind !== 'transition') return setSplit(context, next.percent);
  const { from, to, kind } = next.transition;
  switch (kind) {
    case 'advance':
    case 'cutover':
      return stepOf(to).apply(context);
    case 'reverse':
    case 'revert':
      return stepOf(from).revert(context);
    default:
      return assertNever(kind);
  }
}

/** One line of a dry run. */
export function describeTransition(transition: Transition, plan: SlicePlan): string {
  const { from, to, kind } = transition;
  if (kind === 'revert') return `${from} → ${to}: revert, no gate`;
  if (kind === 'reverse') return `${from} → ${to}: reverse (writes are held, both databases compared, the legacy takes over)`;
  return stepOf(to).describe(plan);
}

function stepOf(phase: Phase): Step {
  const step = steps[phase];
  if (step === undefined) throw new AppError('INTERNAL', { message: `no step enters ${phase}` });
  return step;
}

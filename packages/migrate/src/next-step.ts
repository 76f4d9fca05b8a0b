import type { Phase, Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { nextTransition, type Transition } from './phases.ts';

/** What is wished for: a phase, and the most percent canary may reach (null: no limit). */
export type Wish = { want: Phase; split: number | null };

/** The one next thing on the way to a wish. `capped`: the way goes through a larger split than the wish allows. */
export type NextStep =
  | { kind: 'there' }
  | { kind: 'transition'; transition: Transition }
  | { kind: 'raise'; percent: number }
  | { kind: 'lower'; percent: number }
  | { kind: 'capped'; percent: number }
  | { kind: 'no-way' };

/** Decides the next step of a unit at rest. Pure. */
export function nextStep(unit: Unit, wish: Wish, plan: SlicePlan): NextStep {
  if (unit.phase === 'canary' && (wish.want === 'canary' || wish.want === 'extracted')) {
    const split = splitStep(unit, wish, plan);
    if (split !== null) return split;
  }
  if (unit.phase === wish.want) return { kind: 'there' };
  const transition = nextTransition(unit.phase, wish.want);
  return transition === null ? { kind: 'no-way' } : { kind: 'transition', transition };
}

/** Canary's own steps: a larger split one plan step at a time, a smaller one at once. Null when the split is where it should be. */
function splitStep(unit: Unit, { want, split }: Wish, plan: SlicePlan): NextStep | null {
  const now = unit.splitBasisPoints / 100;
  const limit = split ?? 100;
  const last = plan.canary.steps.at(-1) ?? 100;
  if (now > limit) return { kind: 'lower', percent: limit };
  const step = plan.canary.steps.find((each) => each > now);
  const percent = Math.min(step ?? now, limit);
  if (percent > now) return { kind: 'raise', percent };
  return want === 'extracted' && now < last ? { kind: 'capped', percent: limit } : null;
}

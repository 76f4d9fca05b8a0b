import type { GateResult } from '@atlas/contracts/control';
import type { Facts } from '../facts.ts';
import { askGates } from '../gates/all.ts';
import { splitGates } from '../phases.ts';
import { askGatesInto } from './gates-of.ts';
import { changePhase, type Step, type StepContext, type StepOutcome } from './step.ts';

/** A share of users reads from the service. Entered at 0 %; the plan's steps raise it. */
export const canary: Step = {
  describe: ({ canary: { steps, stepSeconds } }) =>
    `shadow → canary: reads of ${steps.join(', ')} % go to the service, at least ${stepSeconds} s each`,
  check: (facts) => askGatesInto('canary', facts),
  apply: (context) => changePhase(context, { phase: 'canary' }),
  revert: (context) => changePhase(context, { phase: 'shadow' }),
};

/** Gates of a larger split; a smaller one has none. */
export function checkRaise(facts: Facts): GateResult[] {
  return askGates(splitGates, facts);
}

/** Sets the ledger's split, in percent. */
export async function setSplit({ facts, world }: StepContext, percent: number): Promise<StepOutcome> {
  const splitBasisPoints = Math.round(percent * 100);
  const payload = { from: facts.unit.splitBasisPoints / 100, to: percent };
  const { unit } = await world.lock.compareAndSet(facts.unit, { splitBasisPoints }, { kind: 'split', payload });
  return { kind: 'done', unit, did: `split ${payload.from} % → ${percent} %` };
}

import { runMove } from '../move/move.ts';
import { askGatesInto } from './gates-of.ts';
import type { Step, StepContext, StepOutcome } from './step.ts';

/** The service owns the slice: reads and writes. Entered by cutover, left by reverse, which are one code with the sides swapped. */
export const extracted: Step = {
  describe: () => 'canary → extracted: cutover (writes are held, both databases compared, the service takes over)',
  check: (facts) => askGatesInto('extracted', facts),
  apply: move,
  revert: move,
};

async function move({ facts, world }: StepContext): Promise<StepOutcome> {
  const evidence = Object.values(facts.evidence).map((row) => row.id);
  return { kind: 'move', outcome: await runMove(world, facts.unit, evidence) };
}

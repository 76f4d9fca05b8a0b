import { askGatesInto } from './gates-of.ts';
import { changePhase, type Step } from './step.ts';

/** Reads are also sent to the service and compared; clients get the legacy's answers. */
export const shadow: Step = {
  describe: ({ shadow: { samplePercent } }) =>
    `replicating → shadow: ${samplePercent} % of reads are compared, clients get the legacy’s answers`,
  check: (facts) => askGatesInto('shadow', facts),
  apply: (context) => changePhase(context, { phase: 'shadow' }),
  revert: (context) => changePhase(context, { phase: 'replicating' }),
};

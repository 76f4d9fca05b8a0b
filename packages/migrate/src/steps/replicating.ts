import { isKnown } from '../facts.ts';
import { flowFrom } from '../move/world.ts';
import { askGatesInto } from './gates-of.ts';
import { changePhase, type Step } from './step.ts';

/** The service's database follows the legacy's. Filled once by a backfill through the stream; a reverse lands here with everything in place. */
export const replicating: Step = {
  describe: () => 'legacy → replicating: both flows run, the service’s copy is filled by a backfill through the stream',
  check: (facts) => askGatesInto('replicating', facts),
  apply: async (context) => {
    const { facts, world } = context;
    const { f } = facts.flows;
    if (!isKnown(f)) return { kind: 'wait', reason: `cdc does not tell: ${f.unreachable}` };
    if (f.backfill.state === 'open') return { kind: 'wait', reason: `backfill under way: ${f.backfill.rows} rows` };
    if (f.backfill.state === 'done') return changePhase(context, { phase: 'replicating' });
    await world.cdc.backfill(flowFrom('legacy', facts.unit.slice), { tenant: facts.unit.tenant, epoch: facts.unit.epoch });
    return { kind: 'wait', reason: 'backfill started' };
  },
  revert: (context) => changePhase(context, { phase: 'legacy' }),
};

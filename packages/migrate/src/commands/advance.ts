import { type Phase, phases } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { InvalidArgumentError, Option } from 'commander';
import { nextTransition } from '../phases.ts';
import { answerDryRun, askAndFollow, type FollowOptions, seconds } from './follow.ts';
import type { CliSession } from './session.ts';
import type { Verb } from './verb.ts';

type Options = FollowOptions & { to?: Phase; split?: number };
const reachable = phases.filter((phase) => phase !== 'retired');

export function addAdvance(verb: Verb): void {
  verb(
    'advance <slice>',
    'walks a slice to a phase, each step gated; without --to one phase on',
    async ({ cli, open }, slice: string, options: Options) => {
      const session = await open();
      const want = options.to ?? (await phaseAfter(session, slice));
      const request = { slice, want, source: 'cli', ...(options.split === undefined ? {} : { split: options.split }) };
      if (options.dryRun === true) return answerDryRun(session, request);
      return askAndFollow({ cli, session }, request, { timeoutSeconds: options.timeout, onTimeout: 'leave' });
    },
  )
    .addOption(new Option('--to <phase>', 'the phase to walk to').choices(reachable))
    .option('--split <percent>', 'the most canary may reach', percent)
    .option('--timeout <seconds>', 'how long to follow; the wish stays after it', seconds, 120)
    .option('--dry-run', 'the same code without effects: steps and gates');
}

async function phaseAfter(session: CliSession, slice: string): Promise<Phase> {
  const { slices } = await session.api.status();
  const status = slices.find((each) => each.slice === slice);
  if (status === undefined)
    throw new AppError('NOT_FOUND', { message: `no slice "${slice}"; there is ${slices.map((each) => each.slice).join(', ') || 'none'}` });
  const next = nextTransition(status.phase, 'extracted');
  if (next === null)
    throw new AppError('MOVE_REFUSED', { message: `${slice} is ${status.phase}: nothing is ahead; back: pnpm migrate reverse ${slice}` });
  return next.to;
}

function percent(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 100) throw new InvalidArgumentError('a whole percentage from 0 to 100');
  return value;
}

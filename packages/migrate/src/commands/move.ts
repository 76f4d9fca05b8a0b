import type { GateResult } from '@atlas/contracts/control';
import type { Phase } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { answerDryRun, askAndFollow, type FollowOptions } from './follow.ts';
import { gatesText } from './print.ts';
import type { CliSession } from './session.ts';
import type { Answer, Cli } from './verb.ts';

/** One move now: refused at once (exit code 3) when a gate does not pass, unless told to wait; over its time it is withdrawn. */
export async function moveNow(
  { cli, open }: { cli: Cli; open(): Promise<CliSession> },
  { slice, want, from, options }: { slice: string; want: Phase; from: Phase; options: FollowOptions },
): Promise<Answer> {
  const session = await open();
  const request = { slice, want, source: 'cli' };
  if (options.dryRun === true) return answerDryRun(session, request);
  const status = (await session.api.status()).slices.find((each) => each.slice === slice);
  if (status === undefined) throw new AppError('NOT_FOUND', { message: `no slice "${slice}" in the plan` });
  const isThere = status.owner === (want === 'extracted' ? 'extracted' : 'legacy');
  if (isThere && status.move === null)
    return { json: status, text: `${slice}: ${status.owner} owns it already (${status.phase})`, code: 0, next: status.next };
  if (status.move === null && status.phase !== from) {
    throw new AppError('MOVE_REFUSED', {
      message: `${slice} is ${status.phase}, not ${from}; walk there: pnpm migrate advance ${slice} --to ${want}`,
    });
  }
  const { gates } = await session.api.dryRun(request);
  const holding = gates.filter((gate) => gate.verdict !== 'pass');
  if (holding.length > 0 && options.wait !== true) return refused(slice, want, holding);
  return askAndFollow({ cli, session }, request, { timeoutSeconds: options.timeout, onTimeout: 'withdraw' });
}

function refused(slice: string, want: Phase, gates: GateResult[]): Answer {
  const names = gates.map((gate) => gate.gate).join(', ');
  const next = gates.find((gate) => gate.next !== '')?.next ?? 'pnpm migrate status';
  return { json: { slice, want, refused: gates }, text: `refused by ${names}:\n${gatesText(gates)}`, code: 3, next };
}

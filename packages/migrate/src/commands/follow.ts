import type { IntentReport, IntentRequest } from '@atlas/contracts/control';
import { InvalidArgumentError } from 'commander';
import { dryRunText, intentText } from './print.ts';
import type { CliSession } from './session.ts';
import type { Answer, Cli, ExitCode } from './verb.ts';

export type FollowOptions = { dryRun?: boolean; wait?: boolean; timeout: number };

/** Prints what a wish would do. */
export async function answerDryRun(session: CliSession, request: IntentRequest): Promise<Answer> {
  const run = await session.api.dryRun(request);
  return { json: run, text: dryRunText(run), code: 0, next: run.next };
}

/** Records a wish and follows it, a line on stderr whenever it waits for something else. `onTimeout` says whether it goes on asking. */
export async function askAndFollow(
  { cli, session }: { cli: Cli; session: CliSession },
  request: IntentRequest,
  options: { timeoutSeconds: number; onTimeout: 'withdraw' | 'leave' },
): Promise<Answer> {
  const { id } = await session.api.ask(request);
  let last = '';
  const onChange = (report: IntentReport) => {
    const line = summary(report);
    if (line !== last) cli.say(`#${id} ${report.state}: ${report.reason || 'noted'}`);
    last = line;
  };
  let report = await session.follow(id, { timeoutMs: options.timeoutSeconds * 1_000, onChange });
  const isOpen = report.state === 'waiting' || report.state === 'running';
  if (isOpen && options.onTimeout === 'withdraw') report = await session.api.withdraw(id, `not done within ${options.timeoutSeconds} s`);
  return { json: report, text: intentText(report), code: isOpen ? 4 : codeOf(report), next: report.next };
}

/** Seconds as an argument. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400) throw new InvalidArgumentError('seconds, more than 0 and at most 86400');
  return value;
}

function codeOf({ state }: IntentReport): ExitCode {
  return state === 'done' ? 0 : 1;
}

// Ages inside a reason change all the time; what it waits for is the gates' names.
function summary({ state, reason, gates }: IntentReport): string {
  return [state, ...(gates.length > 0 ? gates.map((gate) => gate.gate) : [reason])].join(' ');
}

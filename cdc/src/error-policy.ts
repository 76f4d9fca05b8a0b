import { AppError } from '@atlas/kit/errors';
import { sqlState } from '@atlas/kit/postgres';

/** What the applier does about an error: try again with back-off, set the tenant's events aside, or stop the flow until an operator has acted. */
export type Policy = { act: 'retry' | 'park' | 'stop'; next: string };

const lookAtLog = 'See the log line of this error; the flow goes on by itself once the cause is gone.';

/** By our own code. What is not listed is retried. */
const byCode: Record<string, Policy> = {
  STREAM_GAP: {
    act: 'stop',
    next: 'Changes are missing from the stream. Run `cdc reseed --flow <flow>`, then a backfill of every unit its source owns, then a full verify.',
  },
  FOREIGN_EVENT: {
    act: 'stop',
    next: 'Somebody wrote a unit that the other side owns, past the guard. Find the writer (tgenabled of zzz_strangler_guard, superuser sessions), undo the write, then give the flow a new beginning: pnpm cdc reseed --flow <flow> (the event stays in the topic: a mere resume meets it again).',
  },
  UNKNOWN_COLUMN: { act: 'stop', next: 'Add the column to the target and to the mapping of the slice, then restart cdc.' },
  MISSING_COLUMN: { act: 'stop', next: 'Put the column back at the source, or take it out of the mapping of the slice; then restart cdc.' },
  PLACEHOLDER: {
    act: 'stop',
    next: 'Set the replica identity of the table back to FULL (`cdc migrate` does), then `cdc reseed --flow <flow>` and a backfill.',
  },
  TABLE_UNKNOWN: {
    act: 'stop',
    next: 'Add the table to the mapping of the slice, or take it out of the publication (`cdc migrate` does); then restart cdc.',
  },
  TERM_LOST: { act: 'stop', next: 'Another cdc process has taken this flow over. Nothing to do unless that one is not meant to run.' },
  FLOW_STOPPED: { act: 'stop', next: 'Remove the cause the message names, then POST /flows/<flow>/resume.' },
  CONFIG_INVALID: { act: 'stop', next: 'Run `cdc migrate --slice <slice>`, then restart cdc.' },
  UNAVAILABLE: { act: 'retry', next: 'Kafka, Connect or a database does not answer; the flow goes on by itself once it does.' },
  INTERNAL: { act: 'retry', next: lookAtLog },
};

/** By SQLSTATE, longest prefix first. */
const bySqlState: [prefix: string, policy: Policy][] = [
  [
    '23',
    {
      act: 'park',
      next: 'The target refuses this row (a constraint). Fix the row or the constraint, then POST /flows/<flow>/parked/replay.',
    },
  ],
  [
    '22',
    { act: 'park', next: 'The target cannot read a value of this row. Fix the column or the row, then POST /flows/<flow>/parked/replay.' },
  ],
  ['42', { act: 'stop', next: 'The target lacks a table, a column or a right. Run its migrations and `cdc migrate`, then restart cdc.' }],
];

/** The one place that says what an error of the applier leads to. */
export function policyFor(error: unknown): Policy {
  if (error instanceof AppError) return byCode[error.code] ?? { act: 'retry', next: lookAtLog };
  const state = sqlState(error);
  const found = state === undefined ? undefined : bySqlState.find(([prefix]) => state.startsWith(prefix));
  return found?.[1] ?? { act: 'retry', next: lookAtLog };
}

/** The code shown for an error: ours, else its SQLSTATE, else INTERNAL. */
export function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : (sqlState(error) ?? 'INTERNAL');
}

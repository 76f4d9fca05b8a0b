import { failpoint } from '@atlas/kit/failpoints';

/**
 * Every place where a test may break cdc (`kit/failpoints`; never armed in production).
 * `apply.batch.before-commit`, `apply.batch.after-commit`: around the commit of a batch; arm with `kill`, `delay`, `pause` or `error`.
 * `apply.event.drop`: mutant; armed with `trigger`, the next row event of the slice has no effect, as if the stream had lost it.
 * `apply.event.twice`: mutant; armed with `trigger`, one row event of the slice is written once more after a later event of the same row, past
 * the row rule: what a late duplicate would do without it.
 */
export const failpoints = {
  beforeCommit: 'apply.batch.before-commit',
  afterCommit: 'apply.batch.after-commit',
  dropEvent: 'apply.event.drop',
  twiceEvent: 'apply.event.twice',
} as const;

export function pass(name: (typeof failpoints)[keyof typeof failpoints]): Promise<boolean> {
  return failpoint(name);
}

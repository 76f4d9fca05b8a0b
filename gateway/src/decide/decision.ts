import type { ErrorCode } from '@atlas/contracts/errors';
import type { Side } from '@atlas/contracts/ledger';

/** Why a request went where it went: the access log, the metrics and testers see it. */
export const whys = [
  'not-sliced',
  'owner',
  'moving',
  'pinned',
  'override',
  'phase',
  'listed',
  'in-cohort',
  'outside-cohort',
  'no-cohort',
  'behind-watermark',
  'parked',
  'breaker-open',
] as const;
export type Why = (typeof whys)[number];

/** Where one request goes, or why it waits or is refused. The only type of its kind. */
export type Decision =
  | { kind: 'forward'; upstream: Side; why: Why; slice?: string; epoch?: bigint; shadow?: boolean }
  | { kind: 'hold'; slice: string; untilMs: number }
  | { kind: 'refuse'; status: 429 | 503 | 504; code: ErrorCode };

import { type AuditReport, isClean } from '../audit/judge.ts';
import type { MoveFigures } from './moves.ts';

/** Everything a demo found out. `way` are the phases as they were reached. */
export type DemoResult = {
  way: string[];
  versions: readonly string[];
  audit: AuditReport;
  moves: MoveFigures;
  seconds: number;
  urls: { mailbox: string; flags: string };
  isKept: boolean;
  /** Why the walk ended early, if it did. */
  failure: string | undefined;
};

/** The last lines of a demo. Pure: figures in, text out. */
export function closingText(result: DemoResult): string {
  const { audit, moves, urls } = result;
  const { cutover } = moves;
  const lines = [
    ['notifications', result.way.join(' → ')],
    [
      'traffic',
      `@stackframe/js ${result.versions.join(' and ')}, unmodified: ${count(audit.requests)} requests, ${count(audit.failed)} failed, slowest ${count(audit.slowestMs)} ms`,
    ],
    [
      'cutover',
      `held ${cutover.heldMs} ms (p50) · fence ${cutover.fence} · catch up ${cutover.catchUp} · delta verify ${cutover.compare} · commit ${cutover.commit} · route ${cutover.route}          reverse  held ${moves.reverseHeldMs} ms`,
    ],
    [
      'writes',
      `${count(audit.acknowledgedWrites)} acknowledged · lost ${audit.lost} · doubled ${audit.doubled} · own reads stale ${audit.staleOwnReads} · mails accepted ${count(audit.mailsAccepted)}, delivered ${count(audit.mailsDelivered)}, doubled ${audit.mailsDoubled}`,
    ],
    [
      'of these',
      `${count(audit.acknowledgedRows)} mails · ${count(audit.acknowledgedSignUps)} sign-ups · ${count(audit.acknowledgedTeamChanges)} team changes and invitations · ${count(audit.acknowledgedDeletions)} users deleted`,
    ],
    ...(audit.unexplained > 0 ? [['unexplained', `${audit.unexplained} rows or mails that nobody was promised`]] : []),
    ...(result.failure === undefined ? [] : [['not reached', result.failure]]),
    ['next', nextText(result.isKept, urls)],
  ];
  return lines.map(([name = '', text = '']) => `${name.padEnd(15)} ${text}`).join('\n');
}

/** The figures of `--json`. */
export function figuresJson({ audit, moves, seconds, way, failure }: DemoResult): Record<string, unknown> {
  const { details, ...counts } = audit;
  return {
    flips: moves.flips,
    reversals: moves.reversals,
    aborted: moves.aborted,
    ...counts,
    holdMs: moves.holdMs,
    steps: moves.cutover,
    seconds,
    way,
    ...(failure === undefined ? {} : { failure }),
    details,
  };
}

/** Whether the demo showed what it set out to show: the moves happened and nobody was harmed. */
export function isGood(result: DemoResult, wanted: { flips: number; reversals: number }): boolean {
  const isMoved = result.moves.flips >= wanted.flips && result.moves.reversals >= wanted.reversals;
  return result.failure === undefined && isMoved && isClean(result.audit);
}

function nextText(isKept: boolean, urls: DemoResult['urls']): string {
  if (!isKept) return 'look around: npm run demo -- --keep, then the mailbox, the flags, pnpm migrate status';
  return `open the mailbox ${urls.mailbox}  flags ${urls.flags}   try: pnpm migrate status`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

import type { Direction, JournalEntry } from '@atlas/contracts/control';

/** One finished move as the journal has it. Times in milliseconds; `heldMs` from the hold to the release. */
export type Move = { direction: Direction; heldMs: number; timings: Record<string, number> };

/** What the moves of a run took. */
export type MoveFigures = {
  flips: number;
  reversals: number;
  aborted: number;
  holdMs: { p50: number; p99: number };
  cutover: { heldMs: number; fence: number; catchUp: number; compare: number; commit: number; route: number };
  reverseHeldMs: number;
};

/** The finished moves among journal entries. */
export function movesIn(entries: JournalEntry[]): Move[] {
  return entries.flatMap(({ kind, payload }) => {
    const { direction, heldMs, timings } = payload as Partial<Move>;
    const isMove = kind === 'move.release' && (direction === 'cutover' || direction === 'reverse') && typeof heldMs === 'number';
    return isMove ? [{ direction, heldMs, timings: timings ?? {} }] : [];
  });
}

/** Figures of a run's moves; medians where there are several, 0 where there is none. */
export function figuresOf(entries: JournalEntry[]): MoveFigures {
  const moves = movesIn(entries);
  const cutovers = moves.filter((move) => move.direction === 'cutover');
  const reversals = moves.filter((move) => move.direction === 'reverse');
  const step = (...names: string[]) =>
    percentile(
      cutovers.map(({ timings }) => names.reduce((sum, name) => sum + (timings[name] ?? 0), 0)),
      50,
    );
  const held = moves.map((move) => move.heldMs);
  return {
    flips: cutovers.length,
    reversals: reversals.length,
    aborted: entries.filter((entry) => entry.kind === 'move.aborted').length,
    holdMs: { p50: percentile(held, 50), p99: percentile(held, 99) },
    cutover: {
      heldMs: percentile(
        cutovers.map((move) => move.heldMs),
        50,
      ),
      fence: step('fence'),
      catchUp: step('catch-up'),
      compare: step('compare'),
      commit: step('commit'),
      route: step('reads', 'open'),
    },
    reverseHeldMs: percentile(
      reversals.map((move) => move.heldMs),
      50,
    ),
  };
}

/** Nearest rank, in whole milliseconds; 0 of nothing. */
function percentile(values: number[], rank: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? 0);
}

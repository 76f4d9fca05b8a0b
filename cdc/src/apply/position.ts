/**
 * Where an event stands in its source's history; grows in stream order within one flow and incarnation. `commitLsn` is the last commit
 * before the event (0: none yet), `eventLsn` the event's own, `ord` its number in the transaction (the largest for a snapshot row).
 * `lsn` alone does not grow: transactions interleave in the log and are streamed at their commit.
 */
export type Position = { incarnation: number; commitLsn: bigint; eventLsn: bigint; ord: bigint };

/** The `ord` of a snapshot row: after everything of its position. */
export const snapshotOrd = 2n ** 62n;

/** Whether `a` comes after `b`. */
export function isAfter(a: Position, b: Position): boolean {
  if (a.incarnation !== b.incarnation) return a.incarnation > b.incarnation;
  if (a.commitLsn !== b.commitLsn) return a.commitLsn > b.commitLsn;
  if (a.eventLsn !== b.eventLsn) return a.eventLsn > b.eventLsn;
  return a.ord > b.ord;
}

/** `16/B374D848` as a number. */
export function parseLsn(text: string): bigint {
  const [high, low] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

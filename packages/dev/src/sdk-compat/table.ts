import { isGood, type Row } from './judge.ts';

const noteLengthMax = 400;
const heads = ['call', 'version', 'direct', 'gateway', 'same', 'as recorded'];

/** Rows as a table for people, what is wrong below it, and one line that says how it ended. */
export function tableText(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.call, row.version, mark(row.direct), mark(row.gateway), mark(row.isSame), mark(row.isAsRecorded)]);
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const lines = [heads, ...cells].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const notes = rows.flatMap((row) => row.notes.map((note) => `  ${row.call} (${row.version}): ${oneLine(note)}`));
  return [...lines, ...(notes.length === 0 ? [] : ['', ...notes]), '', closing(rows)].join('\n');
}

function closing(rows: readonly Row[]): string {
  const good = rows.filter((row) => isGood([row])).length;
  const ending = isGood(rows) ? 'work directly and through the gateway, the same' : `are as they should be, ${rows.length - good} are not`;
  return `${good} of ${rows.length} calls ${ending}`;
}

function oneLine(note: string): string {
  return note.replace(/\s+/g, ' ').slice(0, noteLengthMax);
}

function mark(value: boolean | null): string {
  return value === null ? '–' : value ? 'yes' : 'NO';
}

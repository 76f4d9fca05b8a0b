import { InvalidArgumentError } from 'commander';
import { journalText } from './print.ts';
import type { Verb } from './verb.ts';

type Options = { after: bigint; limit: number };

export function addJournal(verb: Verb): void {
  verb('journal', 'what was done, in order; fails when the chain of hashes is broken', async ({ open }, { after, limit }: Options) => {
    const report = await (await open()).api.journal(after, limit);
    const broken = report.broken === null ? '' : `\nBROKEN: entry ${report.broken} was changed or an entry before it is gone`;
    const next = report.broken === null ? '' : 'compare with a backup of the control database; somebody changed the journal';
    return { json: report, text: `${journalText(report.entries)}${broken}`, code: report.broken === null ? 0 : 1, next };
  })
    .option('--after <seq>', 'entries after this one', sequence, 0n)
    .option('--limit <n>', 'how many at most', count, 200);
}

function sequence(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('a sequence number');
  return BigInt(text);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000) throw new InvalidArgumentError('a number from 1 to 1000');
  return value;
}

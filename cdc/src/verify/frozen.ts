import type { Side } from '@atlas/contracts/ledger';
import { otherSide, type SliceMapping } from '../slices/mapping.ts';
import type { Comparison, Comparisons, Databases, Finding } from './comparison.ts';
import { differing } from './live.ts';
import { TableReader } from './table-reader.ts';
import { readChangedKeys } from './touched.ts';

/** Up to this many rows of the unit everything is compared; above, what changed since the last clean verify, and the counts. */
const wholeRowsMax = 200_000n;

type Pair = { comparison: Comparison; source: TableReader; target: TableReader };

/** Compares a unit whose both sides are closed: nothing moves, so one look is exact. Digests first; rows only where they differ. */
export async function compareFrozen(
  mapping: SliceMapping,
  comparisons: Comparison[],
  databases: Databases,
  source: Side,
): Promise<Comparisons> {
  const pairs = comparisons.map(
    (comparison): Pair => ({
      comparison,
      source: new TableReader(comparison.entry, source, databases[source]),
      target: new TableReader(comparison.entry, otherSide(source), databases[otherSide(source)]),
    }),
  );
  const counts = await Promise.all(pairs.map(async ({ source: reader }) => reader.count()));
  const total = counts.reduce((sum, count) => sum + count, 0n);
  const changed = total > wholeRowsMax ? await readChangedKeys(mapping, databases, source) : null;
  return changed === null
    ? compareWhole(pairs)
    : compareDelta(pairs, new Map(changed.map(({ comparison, keys }) => [comparison.entry.table.extracted, keys])), counts);
}

async function compareWhole(pairs: Pair[]): Promise<Comparisons> {
  const results = await Promise.all(
    pairs.map(async (pair) => {
      const [a, b] = await Promise.all([pair.source.digest(), pair.target.digest()]);
      const isEqual = a.rows === b.rows && a.a === b.a && a.b === b.b;
      return { table: pair.comparison.entry.table.extracted, rows: Number(a.rows), findings: isEqual ? [] : await findAll(pair) };
    }),
  );
  return summary(results);
}

async function compareDelta(pairs: Pair[], keys: Map<string, string[][]>, counts: bigint[]): Promise<Comparisons> {
  const results = await Promise.all(
    pairs.map(async (pair, index) => {
      const table = pair.comparison.entry.table.extracted;
      const own = keys.get(table) ?? [];
      const isSameCount = (await pair.target.count()) === counts[index];
      const findings = isSameCount ? await findAmong(pair, own) : await findAll(pair);
      return { table, rows: own.length, findings };
    }),
  );
  return summary(results);
}

async function findAll(pair: Pair): Promise<Finding[]> {
  const [source, target] = await Promise.all([pair.source.range(null, null), pair.target.range(null, null)]);
  return classify(pair, differing(source, target), new Set(source.map((row) => row.pk)), new Set(target.map((row) => row.pk)));
}

async function findAmong(pair: Pair, keys: string[][]): Promise<Finding[]> {
  const [source, target] = await Promise.all([pair.source.byKeys(keys), pair.target.byKeys(keys)]);
  return classify(pair, differing([...source.values()], [...target.values()]), new Set(source.keys()), new Set(target.keys()));
}

function classify(pair: Pair, suspects: Map<string, string[]>, atSource: Set<string>, atTarget: Set<string>): Finding[] {
  return [...suspects].map(([pk, key]) => ({
    entry: pair.comparison.entry,
    pk,
    key,
    problem: !atSource.has(pk) ? 'extra' : atTarget.has(pk) ? 'different' : 'missing',
  }));
}

function summary(results: { table: string; rows: number; findings: Finding[] }[]): Comparisons {
  const findings = results.flatMap((result) => result.findings);
  return { tables: results.map(({ table, rows }) => ({ table, rows })), suspects: findings.length, confirmed: findings.length, findings };
}

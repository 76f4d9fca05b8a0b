import type { VerifyRequest } from '@atlas/contracts/flow';
import { AppError } from '@atlas/kit/errors';
import type { Pool } from '@atlas/kit/postgres';
import { parseLsn } from '../apply/position.ts';
import type { Flow } from '../flows.ts';
import type { Comparison, Comparisons, Databases, Finding } from './comparison.ts';
import { type HashedRow, TableReader, type VersionedRow } from './table-reader.ts';
import { type ChangedKeys, readFence } from './touched.ts';

const pageRows = 20_000;
const confirmRoundsMax = 12;
const applyWaitMs = 10_000;
const pollMs = 10;

type Pair = { comparison: Comparison; source: TableReader; target: TableReader };
type Suspects = Map<string, string[]>;

/** Compares every row while writers go on: page by page, then confirms what differed. */
export async function compareLive(comparisons: Comparison[], databases: Databases, request: VerifyRequest): Promise<Comparisons> {
  const pairs = comparisons.map((comparison) => pairOf(comparison, databases));
  const scans = pairs.map((pair) => ({
    pair,
    after: null as string[] | null,
    isDone: false,
    rows: 0,
    suspects: new Map<string, string[]>(),
  }));
  for (let open = scans; open.length > 0; open = scans.filter((scan) => !scan.isDone)) {
    const pages = await Promise.all(open.map((scan) => scan.pair.source.page(scan.after, pageRows)));
    await untilApplied(
      open.map((scan) => scan.pair.comparison.flow),
      databases,
    );
    await Promise.all(
      open.map(async (scan, index) => {
        const page = pages[index] ?? [];
        const upTo = page.length === pageRows ? (page.at(-1)?.key ?? null) : null;
        for (const [pk, key] of differing(page, await scan.pair.target.range(scan.after, upTo))) scan.suspects.set(pk, key);
        scan.rows += page.length;
        scan.after = upTo;
        scan.isDone = upTo === null;
      }),
    );
  }
  const suspects = scans.reduce((sum, scan) => sum + scan.suspects.size, 0);
  const findings = await confirm(
    scans.map((scan) => ({ pair: scan.pair, suspects: scan.suspects })),
    databases,
    request,
  );
  return {
    tables: scans.map((scan) => ({ table: scan.pair.comparison.entry.table.extracted, rows: scan.rows })),
    suspects,
    confirmed: findings.length,
    findings,
  };
}

/** Compares given keys only. */
export async function compareKeys(changed: ChangedKeys, databases: Databases, request: VerifyRequest): Promise<Comparisons> {
  const groups = changed.map(({ comparison, keys }) => ({
    pair: pairOf(comparison, databases),
    suspects: new Map(keys.map((key) => [textOf(key), key])),
  }));
  const tables = groups.map(({ pair, suspects }) => ({ table: pair.comparison.entry.table.extracted, rows: suspects.size }));
  const findings = await confirm(groups, databases, request);
  return {
    tables,
    suspects: 0,
    confirmed: findings.length,
    findings,
  };
}

/** Keys whose rows differ, or that only one side has. */
export function differing(source: HashedRow[], target: HashedRow[]): Suspects {
  const suspects: Suspects = new Map();
  const there = new Map(target.map((row) => [row.pk, row]));
  for (const row of source) {
    if (there.get(row.pk)?.hash !== row.hash) suspects.set(row.pk, row.key);
    there.delete(row.pk);
  }
  for (const row of there.values()) suspects.set(row.pk, row.key);
  return suspects;
}

/**
 * A suspect is a mismatch only when it did not change at the source between two reads and the target, up to date in between, differs from it.
 * Who keeps changing is asked again; a row that never rests within the rounds is no mismatch. While the fence changes nothing is concluded.
 */
async function confirm(groups: { pair: Pair; suspects: Suspects }[], databases: Databases, request: VerifyRequest): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let round = 0; round < confirmRoundsMax; round += 1) {
    const open = groups.filter((group) => group.suspects.size > 0);
    if (open.length === 0) break;
    const fence = () => readFence(databases[request.source], request.slice, request.tenant);
    const fenceBefore = await fence();
    const before = await Promise.all(open.map(({ pair, suspects }) => pair.source.byKeys([...suspects.values()])));
    await untilApplied(
      open.map(({ pair }) => pair.comparison.flow),
      databases,
    );
    const target = await Promise.all(open.map(({ pair, suspects }) => pair.target.byKeys([...suspects.values()])));
    const after = await Promise.all(open.map(({ pair, suspects }) => pair.source.byKeys([...suspects.values()])));
    const fenceAfter = await fence();
    if (fenceBefore.owner !== fenceAfter.owner || fenceBefore.epoch !== fenceAfter.epoch) continue;
    open.forEach((group, index) => {
      for (const [pk, key] of [...group.suspects]) {
        const verdict = judge(before[index]?.get(pk), target[index]?.get(pk), after[index]?.get(pk));
        if (verdict === 'ask again') continue;
        group.suspects.delete(pk);
        if (verdict !== 'equal') findings.push({ entry: group.pair.comparison.entry, pk, key, problem: verdict });
      }
    });
  }
  return findings;
}

function judge(
  before: VersionedRow | undefined,
  target: VersionedRow | undefined,
  after: VersionedRow | undefined,
): Finding['problem'] | 'equal' | 'ask again' {
  if (target?.hash === before?.hash || target?.hash === after?.hash) return 'equal';
  if (before?.xmin !== after?.xmin || before?.hash !== after?.hash) return 'ask again';
  if (before === undefined) return 'extra';
  return target === undefined ? 'missing' : 'different';
}

/** Waits until the targets have applied all that their sources had committed when this was called. Throws UNAVAILABLE after 10 s. */
async function untilApplied(flows: Flow[], databases: Databases): Promise<void> {
  const distinct = new Map(flows.map((flow) => [flow.id, flow]));
  await Promise.all([...distinct.values()].map((flow) => untilOneApplied(flow, databases[flow.source], databases[flow.target])));
}

async function untilOneApplied(flow: Flow, source: Pool, target: Pool): Promise<void> {
  const noted = await source.query<{ position: string }>('select strangler.position() as position');
  const position = parseLsn(noted.rows[0]?.position ?? '0/0');
  const deadline = performance.now() + applyWaitMs;
  for (;;) {
    const { rows } = await target.query<{ applied_lsn: string | null }>('select applied_lsn from strangler.applied($1)', [flow.id]);
    const applied = rows[0]?.applied_lsn;
    if (applied !== null && applied !== undefined && parseLsn(applied) >= position) return;
    if (performance.now() > deadline)
      throw new AppError('UNAVAILABLE', {
        message: `${flow.id} has not applied ${noted.rows[0]?.position} within ${applyWaitMs} ms (it is at ${applied ?? 'nothing'})`,
      });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function pairOf(comparison: Comparison, databases: Databases): Pair {
  const { entry, flow } = comparison;
  return {
    comparison,
    source: new TableReader(entry, flow.source, databases[flow.source]),
    target: new TableReader(entry, flow.target, databases[flow.target]),
  };
}

function textOf(key: string[]): string {
  return `[${key.map((part) => JSON.stringify(part)).join(', ')}]`;
}

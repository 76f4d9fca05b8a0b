import type { VerifyMismatch, VerifyReport, VerifyRequest } from '@atlas/contracts/flow';
import { AppError } from '@atlas/kit/errors';
import { flowsOf, tablesOf } from '../flows.ts';
import type { SliceMapping } from '../slices/mapping.ts';
import type { Comparison, Comparisons, Databases, Finding } from './comparison.ts';
import { compareFrozen } from './frozen.ts';
import { compareKeys, compareLive } from './live.ts';
import { TableReader } from './table-reader.ts';
import { pruneTouched, readChangedKeys, readFence, readSnapshot, rememberVerified } from './touched.ts';

const mismatchesShown = 100;

/**
 * Compares a unit on both sides. Reads the two databases only: a lost or doubled event cannot hide. The stream is used for one thing, to
 * know when to look at the target. Throws MOVE_REFUSED (`live` while the source does not own the unit, `frozen` while a side is open),
 * VERIFY_FAILED (the unit moved meanwhile), UNAVAILABLE (the flow does not advance).
 */
export async function verify(mapping: SliceMapping, databases: Databases, request: VerifyRequest): Promise<VerifyReport> {
  if (request.tenant !== '*') throw new AppError('BAD_REQUEST', { message: 'units are whole slices for now: tenant must be "*"' });
  const started = { at: new Date(), ms: performance.now() };
  const comparisons = comparisonsOf(mapping, request);
  const found =
    request.mode === 'frozen'
      ? await verifyFrozen(mapping, databases, request, comparisons)
      : await verifyLive(mapping, databases, request, comparisons);
  return {
    verdict: found.findings.length === 0 ? 'clean' : 'mismatch',
    mode: request.mode,
    rows: found.tables.reduce((sum, table) => sum + table.rows, 0),
    suspects: found.suspects,
    confirmed: found.confirmed,
    mismatchCount: found.findings.length,
    mismatches: await describe(found.findings.slice(0, mismatchesShown), databases),
    tables: found.tables,
    takenAt: started.at.toISOString(),
    durationMs: Math.round(performance.now() - started.ms),
  };
}

/** The slice's tables in the owner's direction; live also the projections, which only flow F fills. */
function comparisonsOf(mapping: SliceMapping, request: VerifyRequest): Comparison[] {
  const [f, r] = flowsOf(mapping);
  const flow = request.source === 'legacy' ? f : r;
  const slice = tablesOf(flow)
    .filter((entry) => entry.kind === 'slice')
    .map((entry): Comparison => ({ entry, flow }));
  const projections = tablesOf(f)
    .filter((entry) => entry.kind === 'projection')
    .map((entry): Comparison => ({ entry, flow: f }));
  return request.mode === 'live' ? [...slice, ...projections] : slice;
}

async function verifyLive(
  mapping: SliceMapping,
  databases: Databases,
  request: VerifyRequest,
  comparisons: Comparison[],
): Promise<Comparisons> {
  const fence = await readFence(databases[request.source], mapping.slice, request.tenant);
  if (fence.owner !== 'here')
    throw new AppError('MOVE_REFUSED', { message: `${request.source} does not own ${mapping.slice}: a live verify starts at the owner` });
  // Before the first read: later writes may not be seen by it.
  const snapshots = { legacy: await readSnapshot(databases.legacy), extracted: await readSnapshot(databases.extracted) };
  const changed = request.scope === 'recent' ? await readChangedKeys(mapping, databases, request.source) : null;
  const found = changed === null ? await compareLive(comparisons, databases, request) : await compareKeys(changed, databases, request);
  const after = await readFence(databases[request.source], mapping.slice, request.tenant);
  if (after.owner !== fence.owner || after.epoch !== fence.epoch)
    throw new AppError('VERIFY_FAILED', { message: `${mapping.slice} moved during the verify: verify again` });
  if (found.findings.length > 0) return found;
  if (changed === null) await pruneTouched(mapping, databases, snapshots);
  await rememberVerified(mapping, databases, { startedAt: snapshots, isFull: changed === null, source: request.source });
  return found;
}

async function verifyFrozen(
  mapping: SliceMapping,
  databases: Databases,
  request: VerifyRequest,
  comparisons: Comparison[],
): Promise<Comparisons> {
  await assertClosed(mapping, databases, request.tenant);
  const found = await compareFrozen(mapping, comparisons, databases, request.source);
  await assertClosed(mapping, databases, request.tenant);
  return found;
}

async function assertClosed(mapping: SliceMapping, databases: Databases, tenant: string): Promise<void> {
  const fences = await Promise.all(
    (['legacy', 'extracted'] as const).map(async (side) => ({ side, ...(await readFence(databases[side], mapping.slice, tenant)) })),
  );
  const open = fences.find((fence) => fence.owner !== 'none');
  if (open !== undefined) throw new AppError('MOVE_REFUSED', { message: `a frozen compare needs both sides closed; ${open.side} is open` });
}

async function describe(findings: Finding[], databases: Databases): Promise<VerifyMismatch[]> {
  const described: VerifyMismatch[] = [];
  for (const { entry, pk, key, problem } of findings) {
    const texts = await Promise.all(
      (['legacy', 'extracted'] as const).map((side) => new TableReader(entry, side, databases[side]).columns(key)),
    );
    const [legacy, extracted] = texts;
    const columns =
      legacy && extracted
        ? entry.table.columns.filter((_column, index) => legacy[index] !== extracted[index]).map((column) => column.extracted)
        : [];
    described.push({ table: entry.table.extracted, pk, problem, columns });
  }
  return described;
}

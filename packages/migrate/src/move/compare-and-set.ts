import type { Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import type { JournalDraft, UnitChange, UnitRow } from '../ports/ledger.ts';

const attemptsMax = 3;

/**
 * Changes a unit's row if it is still the expected one. An unknown outcome is read again, never assumed (sync-and-cutover §14):
 * the version sent → try again; that version + 1 and exactly the row to be written → it was written; anything else → stop.
 */
export async function compareAndSet(
  row: UnitRow,
  expected: Unit,
  change: UnitChange,
  draft: JournalDraft,
): Promise<{ unit: Unit; revision: bigint }> {
  const wanted: Unit = { ...expected, ...change, version: expected.version + 1n };
  let lastError: unknown;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const outcome = await row.tryWrite(expected, wanted, draft).catch((error: unknown) => {
      lastError = error;
      return 'unknown' as const;
    });
    if (typeof outcome === 'object') return outcome;
    if (row.isLost) throw new AppError('LOCK_LOST', { slice: expected.slice, version: expected.version }, lastError);
    if (outcome === 'conflict' && attempt === 0) throw conflict(expected, lastError);
    const found = await readAgain(row);
    if (found.unit.version === expected.version) continue;
    if (isSameUnit(found.unit, wanted)) return found;
    throw conflict(expected, lastError);
  }
  throw new AppError('LEDGER_UNAVAILABLE', { message: `unit ${expected.slice} was not changed after ${attemptsMax} attempts` }, lastError);
}

/** Whether two rows are the same in every column. */
export function isSameUnit(a: Unit, b: Unit): boolean {
  const columns = ['slice', 'tenant', 'phase', 'owner', 'reads', 'epoch', 'move', 'splitBasisPoints', 'version'] as const;
  return columns.every((column) => a[column] === b[column]);
}

function conflict(expected: Unit, cause: unknown): AppError {
  const { slice, tenant, version } = expected;
  return new AppError(
    'LEDGER_CONFLICT',
    { message: `unit ${slice}/${tenant} is no longer at version ${version}: someone else changed it` },
    cause,
  );
}

async function readAgain(row: UnitRow): Promise<{ unit: Unit; revision: bigint }> {
  try {
    return await row.read();
  } catch (error) {
    if (row.isLost) throw new AppError('LOCK_LOST', {}, error);
    throw new AppError('LEDGER_UNAVAILABLE', { message: 'outcome of a compare-and-set is unknown and cannot be read' }, error);
  }
}

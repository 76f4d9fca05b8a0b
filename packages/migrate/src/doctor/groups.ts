import type { DoctorCheck } from '@atlas/contracts/control';
import type { Pool } from '@atlas/kit/postgres';
import type { LedgerStore } from '../ports/ledger.ts';
import type { MigrateSettings } from '../settings.ts';

/** The checks of `doctor`, one group per neighbour. */
export function doctorGroups(
  _settings: MigrateSettings,
  _control: { pool: Pool; ledger: LedgerStore },
): readonly (() => Promise<DoctorCheck[]>)[] {
  return [];
}

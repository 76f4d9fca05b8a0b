import type { LedgerView, Move, Phase, Side, Unit } from '@atlas/contracts/ledger';
import { AppError } from '../errors.ts';
import type { Queryable } from '../postgres.ts';

/** NOTIFY channel; the payload is the new revision. */
export const ledgerChannel = 'migrate_ledger';

/** The view as columns of one statement, so that revision, units and leases are of one snapshot. */
export const viewColumns = `
  (select revision from migrate.ledger)::text as revision,
  (select coalesce(max(revision), 0) from migrate.plan)::text as plan_revision,
  (select count(*) from migrate.gateway_lease where lease_until > now())::int as gateways_leased,
  (select coalesce(jsonb_agg(jsonb_build_object(
      'slice', slice, 'tenant', tenant, 'phase', phase, 'owner', owner, 'reads', reads, 'epoch', epoch::text, 'move', move,
      'splitBasisPoints', split_basis_points, 'version', version::text) order by slice, tenant), '[]') from migrate.unit) as units`;

export type ViewRow = { revision: string; plan_revision: string; gateways_leased: number; units: UnitRow[] };
type UnitRow = {
  slice: string;
  tenant: string;
  phase: Phase;
  owner: Side;
  reads: Side;
  epoch: string;
  move: Move | null;
  splitBasisPoints: number;
  version: string;
};

/** Reads what gateways obey in one statement. Throws LEDGER_UNAVAILABLE when the control database does not answer. */
export async function readLedger(database: Queryable): Promise<LedgerView> {
  try {
    const { rows } = await database.query<ViewRow>(`select ${viewColumns}`);
    return viewOf(rows[0]);
  } catch (error) {
    throw new AppError('LEDGER_UNAVAILABLE', {}, error);
  }
}

export function viewOf(row: ViewRow | undefined): LedgerView {
  if (row === undefined) throw new AppError('LEDGER_UNAVAILABLE', { message: 'the ledger answered no row' });
  return {
    revision: BigInt(row.revision),
    planRevision: BigInt(row.plan_revision),
    gatewaysLeased: row.gateways_leased,
    units: row.units.map((unit): Unit => ({ ...unit, epoch: BigInt(unit.epoch), version: BigInt(unit.version) })),
  };
}

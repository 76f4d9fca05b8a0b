import type { Phase, Side, Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { ledgerChannel } from '@atlas/kit/ledger';
import type { Queryable } from '@atlas/kit/postgres';
import { entryHash, genesisHash, plainPayload } from '../journal/chain.ts';
import type { Fleet, JournalDraft } from './ledger.ts';

const journalLock = 7_266_002;

export const unitColumns = 'slice, tenant, phase, owner, reads, epoch, move, split_basis_points, version';
export type UnitColumns = {
  slice: string;
  tenant: string;
  phase: Phase;
  owner: Side;
  reads: Side;
  epoch: bigint;
  move: Unit['move'];
  split_basis_points: number;
  version: bigint;
};

export function unitOf({ split_basis_points, ...row }: UnitColumns): Unit {
  return { ...row, splitBasisPoints: split_basis_points };
}

/** Appends one entry at the end of the chain, in the caller's transaction; the advisory lock keeps the chain a line. */
export async function appendEntry(tx: Queryable, slice: string, tenant: string, draft: JournalDraft): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [journalLock]);
  const head = await tx.query<{ seq: bigint | null; hash: string | null; at: Date }>(
    `select last.seq, last.hash, date_trunc('milliseconds', clock_timestamp()) as at
     from (select 1) as one left join (select seq, hash from migrate.journal order by seq desc limit 1) as last on true`,
  );
  const last = head.rows[0];
  if (last === undefined) throw new AppError('INTERNAL', { message: 'journal head not read' });
  const entry = {
    seq: ((last.seq ?? 0n) + 1n).toString(),
    at: last.at.toISOString(),
    slice,
    tenant,
    kind: draft.kind,
    payload: plainPayload(draft.payload),
    prevHash: last.hash ?? genesisHash,
  };
  await tx.query(
    'insert into migrate.journal (seq, at, slice, tenant, kind, payload, prev_hash, hash) values ($1, $2, $3, $4, $5, $6, $7, $8)',
    [entry.seq, entry.at, slice, tenant, entry.kind, JSON.stringify(entry.payload), entry.prevHash, entryHash(entry)],
  );
}

/** Raises the revision that gateways follow and tells them, in the caller's transaction. */
export async function raiseRevision(tx: Queryable): Promise<bigint> {
  const { rows } = await tx.query<{ revision: bigint }>('update migrate.ledger set revision = revision + 1 returning revision');
  const revision = rows[0]?.revision;
  if (revision === undefined) throw new AppError('INTERNAL', { message: 'the ledger has no row' });
  await tx.query('select pg_notify($1, $2)', [ledgerChannel, revision.toString()]);
  return revision;
}

type FleetRow = {
  revision: bigint;
  id: string | null;
  url: string;
  is_leased: boolean;
  lease_until: Date;
  seen_revision: bigint;
  drained_revision: bigint;
};

/** Revision and gateways, read in one statement. */
export async function readFleet(database: Queryable): Promise<Fleet> {
  const { rows } = await database.query<FleetRow>(
    `select ledger.revision, lease.id, lease.url, lease.lease_until > now() as is_leased, lease.lease_until, lease.seen_revision, lease.drained_revision
     from migrate.ledger left join migrate.gateway_lease as lease on true order by lease.id`,
  );
  const first = rows[0];
  if (first === undefined) throw new AppError('LEDGER_UNAVAILABLE', { message: 'the ledger has no row' });
  const gateways = rows.flatMap((row) =>
    row.id === null
      ? []
      : [
          {
            id: row.id,
            url: row.url,
            isLeased: row.is_leased,
            leaseUntil: row.lease_until,
            seenRevision: row.seen_revision,
            drainedRevision: row.drained_revision,
          },
        ],
  );
  return { revision: first.revision, gateways };
}

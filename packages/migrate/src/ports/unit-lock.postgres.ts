import type { Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { type Session, transact } from '@atlas/kit/postgres';
import { compareAndSet } from '../move/compare-and-set.ts';
import type { Fleet, JournalDraft, UnitChange, UnitLock, UnitRow } from './ledger.ts';
import { appendEntry, raiseRevision, readFleet, type UnitColumns, unitColumns, unitOf } from './statements.ts';

// A stopped process (SIGSTOP, a hung machine) keeps its socket and so its lock: the server ends a session that says nothing for this long.
const silentMsMax = 4_000;
const heartbeatMs = 1_000;
const statementMs = 2_000;

/** Takes the unit's advisory lock on this session, or closes it and answers null when another process has it. */
export async function holdUnitLock(session: Session, slice: string, tenant: string): Promise<UnitLock | null> {
  try {
    await session.query(`set idle_session_timeout = ${silentMsMax}`);
    await session.query(`set idle_in_transaction_session_timeout = ${silentMsMax}`);
    await session.query(`set statement_timeout = ${statementMs}`);
    const { rows } = await session.query<{ is_held: boolean }>('select pg_try_advisory_lock(hashtext($1), hashtext($2)) as is_held', [
      'migrate.unit',
      `${slice}/${tenant}`,
    ]);
    if (rows[0]?.is_held === true) return new PostgresUnitLock(session, slice, tenant);
  } catch (error) {
    await session.close().catch(() => {});
    throw new AppError('LEDGER_UNAVAILABLE', {}, error);
  }
  await session.close();
  return null;
}

class PostgresUnitLock implements UnitLock {
  #row: PostgresUnitRow;
  #session: Session;
  #heartbeat: NodeJS.Timeout;

  constructor(session: Session, slice: string, tenant: string) {
    this.#session = session;
    this.#row = new PostgresUnitRow(session, slice, tenant);
    // A failed heartbeat needs no handling of its own: the next statement on this session says LOCK_LOST.
    this.#heartbeat = setInterval(() => void session.query('select 1').catch(() => {}), heartbeatMs);
  }

  get isLost(): boolean {
    return this.#session.isLost;
  }

  async read(): Promise<Unit> {
    return (await this.#row.read()).unit;
  }

  compareAndSet(expected: Unit, change: UnitChange, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint }> {
    return compareAndSet(this.#row, expected, change, draft);
  }

  fleet(): Promise<Fleet> {
    return this.#row.guarded(() => readFleet(this.#session));
  }

  heldSinceMs(): Promise<number | null> {
    return this.#row.heldSinceMs();
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (!this.#session.isLost) await this.#session.close();
  }
}

class PostgresUnitRow implements UnitRow {
  #session: Session;
  #slice: string;
  #tenant: string;

  constructor(session: Session, slice: string, tenant: string) {
    this.#session = session;
    this.#slice = slice;
    this.#tenant = tenant;
  }

  get isLost(): boolean {
    return this.#session.isLost;
  }

  async read(): Promise<{ unit: Unit; revision: bigint }> {
    const { rows } = await this.guarded(() =>
      this.#session.query<UnitColumns & { revision: bigint }>(
        `select ${unitColumns}, ledger.revision from migrate.unit, migrate.ledger where slice = $1 and tenant = $2`,
        [this.#slice, this.#tenant],
      ),
    );
    const row = rows[0];
    if (row === undefined) throw new AppError('NOT_FOUND', { message: `no unit ${this.#slice}/${this.#tenant} in the ledger` });
    const { revision, ...columns } = row;
    return { unit: unitOf(columns), revision };
  }

  tryWrite(expected: Unit, wanted: Unit, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint } | 'conflict'> {
    return transact(this.#session, async (tx) => {
      const { rows } = await tx.query<UnitColumns>(
        `update migrate.unit set phase = $4, owner = $5, reads = $6, epoch = $7, move = $8, split_basis_points = $9, version = $10
         where slice = $1 and tenant = $2 and version = $3 returning ${unitColumns}`,
        [
          this.#slice,
          this.#tenant,
          expected.version,
          wanted.phase,
          wanted.owner,
          wanted.reads,
          wanted.epoch,
          wanted.move,
          wanted.splitBasisPoints,
          wanted.version,
        ],
      );
      if (rows[0] === undefined) return 'conflict';
      const revision = await raiseRevision(tx);
      await appendEntry(tx, this.#slice, this.#tenant, { ...draft, payload: { ...draft.payload, version: wanted.version, revision } });
      return { unit: unitOf(rows[0]), revision };
    });
  }

  async heldSinceMs(): Promise<number | null> {
    const { rows } = await this.guarded(() =>
      this.#session.query<{ ms: number }>(
        `select extract(epoch from clock_timestamp() - at)::float8 * 1000 as ms from migrate.journal
         where slice = $1 and tenant = $2 and kind = 'move.hold' order by seq desc limit 1`,
        [this.#slice, this.#tenant],
      ),
    );
    return rows[0]?.ms ?? null;
  }

  /** Runs a read of this session; its failure is LOCK_LOST or LEDGER_UNAVAILABLE. */
  async guarded<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw new AppError(this.#session.isLost ? 'LOCK_LOST' : 'LEDGER_UNAVAILABLE', { slice: this.#slice }, error);
    }
  }
}

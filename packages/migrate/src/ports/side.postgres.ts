import { AppError } from '@atlas/kit/errors';
import { createPool, type Pool, sqlState, transact } from '@atlas/kit/postgres';
import type { Fence, SideDatabase, UnitKey } from './side.ts';

// A fencer that waits in one piece makes every writer of the slice queue behind it; slices of 100 ms let them pass (seen: 1,007 ms stall became 54).
const lockSliceMs = 100;
const lockNotAvailable = '55P03';
const statementMs = 2_000;

/** The side's database as role `strangler_fencer`. */
export function createPostgresSide(databaseUrl: string, name: string): SideDatabase {
  return new PostgresSide(createPool(databaseUrl, { max: 4, name, statementTimeoutMs: statementMs }));
}

class PostgresSide implements SideDatabase {
  #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async fence({ slice, tenant }: UnitKey): Promise<Fence> {
    const { rows } = await this.#pool.query<Fence>('select owner, epoch from strangler.fence_of($1, $2)', [slice, tenant]);
    if (rows[0] === undefined)
      throw new AppError('NOT_FOUND', { message: `no fence row for ${slice}/${tenant}: run pnpm cdc migrate --slice ${slice}` });
    return rows[0];
  }

  async setOwnerAndMark(unit: UnitKey, fence: Fence, options: { flow: string; waitMsMax: number }): Promise<void> {
    const deadline = performance.now() + options.waitMsMax;
    for (;;) {
      try {
        return await this.#setOnce(unit, fence, { flow: options.flow, statementMs: Math.max(lockSliceMs, deadline - performance.now()) });
      } catch (error) {
        if (sqlState(error) !== lockNotAvailable || performance.now() >= deadline) throw error;
      }
    }
  }

  async tick(flow: string): Promise<void> {
    await this.#pool.query('select strangler.tick($1)', [flow]);
  }

  async markerApplied(flow: string, { slice, tenant }: UnitKey, epoch: bigint): Promise<{ clean: boolean } | null> {
    const { rows } = await this.#pool.query<{ clean: boolean }>(
      'select clean from strangler.marker_applied where flow = $1 and slice = $2 and tenant = $3 and epoch = $4',
      [flow, slice, tenant, epoch],
    );
    return rows[0] ?? null;
  }

  async longestWriterMs(): Promise<number> {
    const { rows } = await this.#pool.query<{ ms: number }>(
      `select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 * 1000 as ms from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and backend_xid is not null and pid <> pg_backend_pid()`,
    );
    return rows[0]?.ms ?? 0;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #setOnce({ slice, tenant }: UnitKey, fence: Fence, options: { flow: string; statementMs: number }): Promise<void> {
    await transact(this.#pool, async (tx) => {
      await tx.query(`set local lock_timeout = ${lockSliceMs}; set local statement_timeout = ${Math.ceil(options.statementMs)}`);
      await tx.query('select strangler.set_owner($1, $2, $3, $4)', [slice, tenant, fence.owner, fence.epoch]);
      await tx.query('select strangler.mark($1, $2, $3, $4)', [options.flow, slice, tenant, fence.epoch]);
    });
  }
}

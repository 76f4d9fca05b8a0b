import { sqlStates } from '@atlas/contracts/wire';
import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { createPool } from '@atlas/kit/postgres';
import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from '../generated/client.ts';

export type Database = PrismaClient;
export type Transaction = Prisma.TransactionClient;
export { Prisma } from '../generated/client.ts';

export const databaseLimits = {
  statementTimeoutMs: 10_000,
  /** Waiting for a connection of the pool. */
  connectionWaitMs: 3_000,
  transactionMs: 10_000,
} as const;

/** Opens a bounded pool; the first query connects. `name` shows in pg_stat_activity. */
export function openDatabase(options: { url: string; poolMax: number; name: string; log: Logger }): Database {
  const { url, poolMax, name, log } = options;
  const pool = createPool(url, { max: poolMax, name, log, statementTimeoutMs: databaseLimits.statementTimeoutMs });
  return new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) });
}

/**
 * One transaction that writes tables of the slice. With an epoch, the fence is asked first. Throws EPOCH_TOO_OLD or NOT_OWNER when the
 * fence refused; in both cases nothing was changed. A deadlock counts as NOT_OWNER too: it was rolled back, and may be tried again.
 */
export async function writeSlice<T>(database: Database, epoch: bigint | undefined, work: (tx: Transaction) => Promise<T>): Promise<T> {
  try {
    return await database.$transaction(
      async (tx) => {
        if (epoch !== undefined)
          await tx.$queryRaw`select 1 as asserted from strangler.assert_epoch('notifications', '*', ${epoch}::bigint)`;
        return work(tx);
      },
      { maxWait: databaseLimits.connectionWaitMs, timeout: databaseLimits.transactionMs },
    );
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** SQLSTATE of anything Prisma throws, however deep it wraps it. */
export function sqlStateOf(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 6 && current !== null && typeof current === 'object'; depth += 1) {
    const { originalCode, cause, meta } = current as { originalCode?: unknown; cause?: unknown; meta?: { driverAdapterError?: unknown } };
    if (typeof originalCode === 'string') return originalCode;
    current = meta?.driverAdapterError ?? cause;
  }
  return undefined;
}

function refusalOf(error: unknown): AppError | undefined {
  switch (sqlStateOf(error)) {
    case sqlStates.epochTooOld:
      return new AppError('EPOCH_TOO_OLD', { slice: 'notifications' }, error);
    case sqlStates.notOwner:
    case '40001':
    case '40P01':
      return new AppError('NOT_OWNER', { slice: 'notifications' }, error);
    default:
      return undefined;
  }
}

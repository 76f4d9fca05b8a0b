import { PrismaPg } from '@prisma/adapter-pg';
import { config } from './config.ts';
import { Prisma, PrismaClient } from './generated/prisma/client.ts';

const connectionsMax = 10;

export type Database = PrismaClient;
export type Transaction = Prisma.TransactionClient;

// Next loads this file once for each route bundle; the pool must still be one.
const shared = globalThis as typeof globalThis & { legacyDatabase?: PrismaClient };

/** The process's one client, made (not connected) at first use. */
export function database(): PrismaClient {
  shared.legacyDatabase ??= createDatabase(config().databaseUrl);
  return shared.legacyDatabase;
}

export function createDatabase(connectionString: string): PrismaClient {
  const adapter = new PrismaPg({
    connectionString,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 15_000,
    application_name: 'legacy',
  });
  return new PrismaClient({ adapter, transactionOptions: { maxWait: 5_000, timeout: 10_000 } });
}

/** Whether a transaction could not even begin for want of a connection: nothing was done, and it may be asked for again. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof Prisma.PrismaClientKnownRequestError &&
    error.code === 'P2028' &&
    error.message.includes('Unable to start a transaction')
  );
}

type DriverCause = { originalCode?: string; constraint?: { index?: string; fields?: string[] } };

/** SQLSTATE of what PostgreSQL refused, or undefined when it was something else. */
export function sqlState(error: unknown): string | undefined {
  return driverCause(error)?.originalCode;
}

/** Name of the unique index a write ran into, or undefined. */
export function violatedIndex(error: unknown): string | undefined {
  const cause = driverCause(error);
  if (cause?.originalCode !== '23505') return undefined;
  return cause.constraint?.index ?? '';
}

/** Whether a write came too late: its project, or the project's branch, was deleted meanwhile. */
export function isProjectGone(error: unknown): boolean {
  const cause = driverCause(error);
  return cause?.originalCode === '23503' && /_(tenancyId|projectId)_fkey$/.test(cause.constraint?.index ?? '');
}

function driverCause(error: unknown): DriverCause | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const adapterError = error.meta?.['driverAdapterError'];
    return adapterError instanceof Error ? (adapterError.cause as DriverCause) : undefined;
  }
  return error.name === 'DriverAdapterError' ? (error.cause as DriverCause) : undefined;
}

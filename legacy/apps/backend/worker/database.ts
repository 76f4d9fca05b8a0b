import pg from 'pg';
import { errorFacts, log } from '../src/log.ts';

export type Client = pg.ClientBase;
export type Pool = pg.Pool;

/** A bounded pool whose transactions cannot hang: each holds at most one mail. */
export function createPool(databaseUrl: string, connectionsMax: number): Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 15_000,
    application_name: 'legacy-worker',
  });
  pool.on('error', (error) => log('warn', 'idle database connection lost', errorFacts(error)));
  return pool;
}

/** Runs `work` in one transaction; what it throws reverts it and is thrown on. */
export async function transact<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Another process owns these rows now (legacy/README.md, line 4): not an error, and nothing was written. */
export function isNotMine(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'SF001' || code === '40001';
}

import pg from 'pg';
import { errorText } from './errors.ts';
import type { Logger } from './logger.ts';

pg.types.setTypeParser(pg.types.builtins.INT8, (value) => BigInt(value));

/** Anything that runs one statement: a pool, a client, a session. */
export type Queryable = { query<Row extends pg.QueryResultRow>(sql: string, params?: unknown[]): Promise<pg.QueryResult<Row>> };
export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

/** A bounded pool. int8 arrives as bigint, timestamptz as Date. A broken idle connection is logged, never thrown. */
export function createPool(url: string, options: { max?: number; name: string; log?: Logger; statementTimeoutMs?: number }): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 5,
    application_name: options.name,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  });
  pool.on('error', (error) => options.log?.warn({ error: errorText(error) }, 'idle database connection lost'));
  return pool;
}

/** One connection of one's own: advisory locks, LISTEN and replication origins live on it. `lost` resolves when it ends by itself. */
export type Session = Queryable & {
  readonly lost: Promise<Error>;
  readonly isLost: boolean;
  onNotification(listener: (channel: string, payload: string | undefined) => void): void;
  close(): Promise<void>;
};

/** Opens a session, within 5 s. Keep-alive finds a dead server; `isLost` is true as soon as the socket is known to be gone. */
export async function openSession(url: string, options: { name: string }): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: options.name, connectionTimeoutMillis: 5_000, keepAlive: true });
  let isLost = false;
  let isClosing = false;
  const lost = new Promise<Error>((resolve) => {
    const end = (error: Error) => {
      if (!isClosing) isLost = true;
      resolve(error);
    };
    client.on('error', end);
    client.on('end', () => end(new Error('connection ended')));
  });
  await client.connect();
  return {
    lost,
    get isLost() {
      return isLost;
    },
    query: (sql, params) => client.query(sql, params),
    onNotification: (listener) => void client.on('notification', (message) => listener(message.channel, message.payload)),
    close: async () => {
      isClosing = true;
      await client.end();
    },
  };
}

/** Runs `work` in one transaction; any throw rolls back and is thrown on. A pool lends a client for it. */
export async function transact<T>(source: Pool | Queryable, work: (tx: Queryable) => Promise<T>): Promise<T> {
  if (!(source instanceof pg.Pool)) return transactOn(source, work);
  const client = await source.connect();
  let broken: Error | undefined;
  try {
    return await transactOn(client, work, (error) => {
      broken = error;
    });
  } finally {
    client.release(broken);
  }
}

/** SQLSTATE of an error, looked up through causes. */
export function sqlState(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current !== null && typeof current === 'object'; depth += 1) {
    const { code, cause } = current as { code?: unknown; cause?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
    current = cause;
  }
  return undefined;
}

async function transactOn<T>(on: Queryable, work: (tx: Queryable) => Promise<T>, onBroken?: (error: Error) => void): Promise<T> {
  await on.query('begin');
  try {
    const result = await work(on);
    await on.query('commit');
    return result;
  } catch (error) {
    await on.query('rollback').catch((rollback: Error) => onBroken?.(rollback));
    throw error;
  }
}

import type { Side } from '@atlas/contracts/ledger';
import { AppError, errorText } from '@atlas/kit/errors';
import { openSession, type Session, sqlState, transact } from '@atlas/kit/postgres';
import type { SliceMapping } from '../slices/mapping.ts';
import { type SchemaStep, schemaSteps } from './statements.ts';

const attemptsMax = 5;
/** One migration of a database at a time: 'stra' in ASCII. */
const advisoryKey = 0x73747261;

/** Brings the strangler schema of one data database up to date for a slice, in one transaction. Answers the steps' names. Superuser only. */
export async function migrateSide(options: { databaseUrl: string; mapping: SliceMapping; side: Side }): Promise<string[]> {
  const steps = await schemaSteps(options.mapping, options.side);
  const session = await openSession(options.databaseUrl, { name: 'cdc-migrate' });
  try {
    await assertTables(session, options.mapping, options.side);
    await applySteps(session, steps);
    await assertSide(session, options.side);
    return steps.map((step) => step.name);
  } finally {
    await session.close();
  }
}

async function applySteps(session: Session, steps: SchemaStep[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await transact(session, async (tx) => {
        await tx.query(
          `set local lock_timeout = '5s'; set local client_min_messages = warning; select pg_advisory_xact_lock(${advisoryKey})`,
        );
        for (const step of steps) await runStep(tx, step);
      });
      return;
    } catch (error) {
      // Catalogues of the whole server (rights on parameters, origins) have no lock of ours: two databases migrated at once may collide.
      const isCollision = ['XX000', '23505', '42710', '55P03', '40P01'].includes(sqlState(error) ?? '');
      if (!isCollision || attempt === attemptsMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}

async function runStep(tx: { query(sql: string): Promise<unknown> }, step: SchemaStep): Promise<void> {
  try {
    await tx.query(step.sql);
  } catch (error) {
    throw new AppError('CONFIG_INVALID', { message: `step ${step.name} of the strangler schema failed: ${errorText(error)}` }, error);
  }
}

/** The apps' own migrations come first: every table of the mapping must be there. */
async function assertTables(session: Session, mapping: SliceMapping, side: Side): Promise<void> {
  const names = [...mapping.tables, ...mapping.reads].map((table) => table[side]);
  const { rows } = await session.query<{ name: string }>(
    `select n as name from unnest($1::text[]) n where to_regclass('public.' || quote_ident(n)) is null`,
    [names],
  );
  if (rows.length === 0) return;
  const missing = rows.map((row) => row.name).join(', ');
  throw new AppError('TABLE_UNKNOWN', {
    message: `the ${side} database has no table ${missing}; run the app's own migrations first, then \`cdc migrate --slice ${mapping.slice}\``,
  });
}

/** Both URLs pointing at one database would make one side out of two. */
async function assertSide(session: Session, side: Side): Promise<void> {
  const { rows } = await session.query<{ side: string }>('select side from strangler.setting');
  if (rows[0]?.side !== side)
    throw new AppError('CONFIG_INVALID', {
      message: `this database is set up as side "${rows[0]?.side}", not "${side}": check the two URLs`,
    });
}

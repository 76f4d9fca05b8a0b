import { failpoint } from '@atlas/kit/failpoints';
import { createPool } from '@atlas/kit/postgres';
import { systemClock } from '../src/clock.ts';
import { runMove } from '../src/move/move.ts';
import { createHttpCdc } from '../src/ports/cdc.http.ts';
import { createPostgresLedger } from '../src/ports/ledger.postgres.ts';
import { createPostgresSide } from '../src/ports/side.postgres.ts';
import { readMigrateSettings } from '../src/settings.ts';

// One orchestrator in a process of its own, for tests that kill it: takes the lock, moves the unit to the other side, says how it ended.
const settings = readMigrateSettings(process.env);
const pool = createPool(settings.databaseUrl, { name: 'move-process' });
const sides = {
  legacy: createPostgresSide(settings.legacyDatabaseUrl, 'm'),
  extracted: createPostgresSide(settings.extractedDatabaseUrl, 'm'),
};
const lock = await createPostgresLedger(pool, settings.databaseUrl).lockUnit('notifications', '*');
if (lock === null) throw new Error('locked');
try {
  const world = {
    lock,
    sides,
    cdc: createHttpCdc(settings.cdcUrl),
    clock: systemClock,
    failpoint,
    log: { info: () => {}, warn: () => {} },
  };
  const outcome = await runMove(world, await lock.read(), []);
  process.stdout.write(`${outcome.kind}\n`);
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}: ${(error as Error).message}\n`);
}
await lock.release();
await Promise.all([pool.end(), sides.legacy.close(), sides.extracted.close()]);

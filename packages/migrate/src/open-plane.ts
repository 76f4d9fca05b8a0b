import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { failpoint } from '@atlas/kit/failpoints';
import type { Logger } from '@atlas/kit/logger';
import { createPool } from '@atlas/kit/postgres';
import { systemClock } from './clock.ts';
import type { PlanePorts, PlanState } from './control-plane.ts';
import { doctorGroups } from './doctor/groups.ts';
import { mistakeLines, readPlanFile } from './plan-file.ts';
import { createHttpCdc } from './ports/cdc.http.ts';
import { createHttpContents } from './ports/contents.http.ts';
import type { FlagsPort } from './ports/flags.ts';
import { createPostgresLedger } from './ports/ledger.postgres.ts';
import { applySchema } from './ports/schema.ts';
import { createPostgresSide } from './ports/side.postgres.ts';
import type { MigrateSettings } from './settings.ts';

/** All ports open; `refreshPlan` publishes the plan file when it changed. */
export type OpenPlane = { ports: PlanePorts; refreshPlan(): Promise<void>; close(): Promise<void> };

/**
 * Opens the databases and neighbours of one control plane, applies the schema and publishes the plan. The server and `--local` both start here.
 * Throws PLAN_INVALID when there is no plan to go by: neither a good file nor a published one.
 */
export async function openPlane(settings: MigrateSettings, options: { log: Logger; flags: FlagsPort; poke(): void }): Promise<OpenPlane> {
  const { log } = options;
  const pool = createPool(settings.databaseUrl, { max: 6, name: 'migrate', log, statementTimeoutMs: 10_000 });
  const applied = await applySchema(pool);
  if (applied.length > 0) log.info({ applied }, 'schema applied');
  const sides = {
    legacy: createPostgresSide(settings.legacyDatabaseUrl, 'migrate legacy'),
    extracted: createPostgresSide(settings.extractedDatabaseUrl, 'migrate extracted'),
  };
  const ledger = createPostgresLedger(pool, settings.databaseUrl);
  let state: PlanState = { plan: null, revision: 0n, mistakes: [] };
  const refreshPlan = async () => {
    const next = await planState(settings.planFile, state, (plan) => ledger.publishPlan(plan));
    if (next.mistakes.length > 0 && JSON.stringify(next.mistakes) !== JSON.stringify(state.mistakes))
      log.warn({ mistakes: next.mistakes }, 'plan file has mistakes: the published plan stays in force');
    state = next;
  };
  const published = await ledger.readPlan();
  if (published !== null) state = { ...published, mistakes: [] };
  await refreshPlan();
  if (state.plan === null) throw new AppError('PLAN_INVALID', { message: `\n${mistakeLines(settings.planFile, state.mistakes)}` });
  const ports: PlanePorts = {
    ledger,
    sides,
    cdc: createHttpCdc(settings.cdcUrl),
    contents: createHttpContents(settings),
    clock: systemClock,
    failpoint,
    log,
    flags: options.flags,
    planState: () => state,
    doctor: { groups: doctorGroups({ settings, pool, ledger, plan: () => state }) },
    poke: options.poke,
  };
  const close = async () => {
    await Promise.all([pool.end(), sides.legacy.close(), sides.extracted.close()]);
  };
  return { ports, refreshPlan, close };
}

async function planState(file: string, before: PlanState, publish: (plan: Plan) => Promise<{ revision: bigint }>): Promise<PlanState> {
  const read = await readPlanFile(file);
  if ('mistakes' in read) return { ...before, mistakes: read.mistakes };
  const { revision } = await publish(read.plan);
  return { plan: read.plan, revision, mistakes: [] };
}

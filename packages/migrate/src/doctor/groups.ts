import type { DoctorCheck } from '@atlas/contracts/control';
import type { Plan } from '@atlas/contracts/plan';
import { migrateFlag, splitFlag } from '@atlas/flags/registry';
import { errorText } from '@atlas/kit/errors';
import { type JsonAnswer, requestJson } from '@atlas/kit/http';
import type { Pool } from '@atlas/kit/postgres';
import { connectorFloor, isAtLeast } from '../gates/flows.ts';
import type { LedgerStore } from '../ports/ledger.ts';
import type { MigrateSettings } from '../settings.ts';
import { fail, pass, unknown } from './check.ts';
import { checkSide } from './side.ts';

const timeoutMs = 2_000;
const debezium = 'io.debezium.connector.postgresql.PostgresConnector';

/** What doctor looks at: settings, the control database's pool and ledger, and the plan in force. */
export type DoctorSubject = {
  settings: MigrateSettings;
  pool: Pool;
  ledger: LedgerStore;
  plan(): { plan: Plan | null; mistakes: { line: number; message: string }[] };
};

/** The checks of `doctor`, one group per neighbour; none throws. */
export function doctorGroups(subject: DoctorSubject): readonly (() => Promise<DoctorCheck[]>)[] {
  const { settings } = subject;
  const slices = () => subject.plan().plan?.slices.map((slice) => slice.slice) ?? [];
  return [
    async () => checkPlan(subject),
    () => checkControl(subject),
    () => checkSide({ url: settings.legacyDatabaseUrl, side: 'legacy', slices: slices() }),
    () => checkSide({ url: settings.extractedDatabaseUrl, side: 'extracted', slices: slices() }),
    () =>
      checkAnswers([
        ['legacy', `${settings.legacyUrl}/health`],
        ['service', `${settings.extractedUrl}/readyz`],
        ['cdc', `${settings.cdcUrl}/readyz`],
      ]),
    () => checkConnect(settings.connectUrl),
    () => checkFlows(settings.cdcUrl, slices()),
    () => checkFlags(settings, slices()),
  ];
}

function checkPlan(subject: DoctorSubject): DoctorCheck[] {
  const { plan, mistakes } = subject.plan();
  const fix = 'pnpm migrate plan';
  if (mistakes.length > 0) return [fail('plan', `${mistakes.length} mistakes; the published plan stays in force`, fix)];
  return [plan === null ? fail('plan', 'no plan', fix) : pass('plan', `${plan.slices.length} slices`)];
}

async function checkControl({ pool, ledger }: DoctorSubject): Promise<DoctorCheck[]> {
  try {
    const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version') as version`);
    const broken = await ledger.findJournalBreak();
    const grants = await pool.query<{ is_granted: boolean }>(
      `select has_table_privilege('gateway', 'migrate.unit', 'select') and has_table_privilege('gateway', 'migrate.gateway_lease', 'update') as is_granted
       where exists (select from pg_roles where rolname = 'gateway')`,
    );
    return [
      pass('control database', `PostgreSQL ${rows[0]?.version}`),
      broken === null
        ? pass('journal', 'its chain of hashes holds')
        : fail('journal', `entry ${broken} does not follow from the one before`, 'compare with a backup: pnpm migrate journal'),
      grants.rows[0]?.is_granted === true
        ? pass('role gateway', 'reads units, keeps its lease')
        : fail(
            'role gateway',
            'is missing or has no rights on schema migrate',
            'create role gateway, then start the control plane on a fresh schema or grant as in packages/migrate/sql/002-flags-and-grants.sql',
          ),
    ];
  } catch (error) {
    return [fail('control database', errorText(error), 'set MIGRATE_DATABASE_URL; pnpm stack status')];
  }
}

async function checkAnswers(parts: readonly (readonly [string, string])[]): Promise<DoctorCheck[]> {
  return Promise.all(
    parts.map(async ([name, url]) => {
      const answer = await tryAsk(url);
      if ('error' in answer) return fail(name, answer.error, 'pnpm stack status');
      return answer.status === 200 ? pass(name, 'answers') : fail(name, `answers ${answer.status} at ${url}`, `pnpm stack logs ${name}`);
    }),
  );
}

async function checkConnect(url: string): Promise<DoctorCheck[]> {
  const answer = await tryAsk(`${url}/connector-plugins`);
  const check = 'connector version';
  if ('error' in answer) return [fail(check, answer.error, 'pnpm stack status')];
  const plugins = Array.isArray(answer.body) ? (answer.body as { class?: unknown; version?: unknown }[]) : [];
  const version = plugins.find((plugin) => plugin.class === debezium)?.version;
  if (typeof version !== 'string')
    return [fail(check, 'Connect has no Debezium PostgreSQL connector', 'unpack debezium-connector-postgres under plugin.path')];
  return [
    isAtLeast(version, connectorFloor)
      ? pass(check, version)
      : fail(check, `${version} may skip rows after a restart`, `install ${connectorFloor}.Final or newer`),
  ];
}

async function checkFlows(cdcUrl: string, slices: readonly string[]): Promise<DoctorCheck[]> {
  const flows = slices.flatMap((slice) => [`f.${slice}`, `r.${slice}`]);
  return Promise.all(
    flows.map(async (flow) => {
      const answer = await tryAsk(`${cdcUrl}/flows/${flow}`);
      if ('error' in answer) return unknown(`flow ${flow}`, answer.error, 'pnpm stack status');
      const { healthy, reasons, lagMs } = (answer.body ?? {}) as { healthy?: unknown; reasons?: unknown; lagMs?: unknown };
      if (healthy === true) return pass(`flow ${flow}`, `healthy, lag ${String(lagMs)} ms`);
      return fail(`flow ${flow}`, Array.isArray(reasons) ? reasons.join('; ') : `cdc answers ${answer.status}`, 'pnpm stack logs cdc');
    }),
  );
}

async function checkFlags(settings: MigrateSettings, slices: readonly string[]): Promise<DoctorCheck[]> {
  const answer = await tryAsk(`${settings.unleashUrl}/api/client/features`, { authorization: settings.unleashToken });
  const check = 'flags';
  if ('error' in answer) return [fail(check, answer.error, 'pnpm stack status; reverse and advance work without Unleash')];
  if (answer.status !== 200) return [fail(check, `Unleash answers ${answer.status}`, 'set UNLEASH_URL and UNLEASH_TOKEN')];
  const { features } = (answer.body ?? {}) as { features?: { name?: unknown }[] };
  const names = new Set((features ?? []).map((feature) => feature.name));
  const missing = slices.flatMap((slice) => [migrateFlag(slice), splitFlag(slice)]).filter((name) => !names.has(name));
  return [
    missing.length === 0
      ? pass(check, `${names.size} in Unleash`)
      : fail(check, `Unleash lacks ${missing.join(', ')}`, 'node flags/src/import.ts'),
  ];
}

async function tryAsk(url: string, headers: Record<string, string> = {}): Promise<JsonAnswer | { error: string }> {
  try {
    return await requestJson(url, { timeoutMs, headers });
  } catch (error) {
    return { error: errorText(error) };
  }
}

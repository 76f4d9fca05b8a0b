import { integer, optional, port, readSettings, text, url } from '@atlas/kit/config';

type Env = Record<string, string | undefined>;

/** Every setting of the control plane; `--local` of the CLI reads the same. Throws CONFIG_INVALID with all mistakes. */
export function readMigrateSettings(env: Env) {
  return readSettings(env, {
    databaseUrl: text('MIGRATE_DATABASE_URL'),
    legacyDatabaseUrl: text('MIGRATE_LEGACY_DATABASE_URL'),
    extractedDatabaseUrl: text('MIGRATE_NOTIFICATIONS_DATABASE_URL'),
    cdcUrl: url('MIGRATE_CDC_URL', `http://127.0.0.1:${portOf(env, '09')}`),
    connectUrl: url('CONNECT_URL', `http://127.0.0.1:${portOf(env, '15')}`),
    legacyUrl: url('MIGRATE_LEGACY_URL', `http://127.0.0.1:${portOf(env, '03')}`),
    extractedUrl: url('MIGRATE_NOTIFICATIONS_URL', `http://127.0.0.1:${portOf(env, '04')}`),
    serviceToken: text('MIGRATE_SERVICE_TOKEN', env['LEGACY_SERVICE_TOKEN']),
    unleashUrl: url('UNLEASH_URL', `http://127.0.0.1:${portOf(env, '10')}`),
    unleashToken: text('UNLEASH_TOKEN', 'none'),
    flagSnapshotFile: optional('MIGRATE_FLAG_SNAPSHOT_FILE'),
    flagIntervalMs: integer('MIGRATE_FLAG_INTERVAL_MS', 500, { min: 100, max: 60_000 }),
    planFile: text('MIGRATE_PLAN', 'migration-plan.md'),
  });
}
export type MigrateSettings = ReturnType<typeof readMigrateSettings>;

/** Where the server listens. */
export function readServerPort(env: Env): number {
  return readSettings(env, { port: port('MIGRATE_PORT', Number(portOf(env, '08'))) }).port;
}

/** Where the CLI finds the server. */
export function readControlUrl(env: Env): string {
  return readSettings(env, { url: url('MIGRATE_URL', `http://127.0.0.1:${portOf(env, '08')}`) }).url;
}

function portOf(env: Env, suffix: string): string {
  return `${env['NEXT_PUBLIC_STACK_PORT_PREFIX'] ?? '81'}${suffix}`;
}

import { dirname, join } from 'node:path';
import { flag, integer, oneOf, optional, port, readSettings, text, url } from '@atlas/kit/config';

/** Every setting of the gateway, parsed once. Throws CONFIG_INVALID with all mistakes at once. */
export function readConfig(env: Record<string, string | undefined>) {
  const settings = readSettings(env, {
    environment: oneOf('ATLAS_ENVIRONMENT', ['development', 'production'], 'production'),
    host: text('GATEWAY_HOST', '127.0.0.1'),
    port: port('GATEWAY_PORT', 8102),
    adminHost: text('GATEWAY_ADMIN_HOST', '127.0.0.1'),
    adminPort: port('GATEWAY_ADMIN_PORT', 8107),
    id: text('GATEWAY_ID', 'gateway-1'),
    controlDatabaseUrl: text('GATEWAY_CONTROL_DATABASE_URL'),
    legacyUrl: url('GATEWAY_LEGACY_URL'),
    notificationsUrl: url('GATEWAY_NOTIFICATIONS_URL'),
    legacyDatabaseUrl: text('GATEWAY_LEGACY_DATABASE_URL'),
    notificationsDatabaseUrl: text('GATEWAY_NOTIFICATIONS_DATABASE_URL'),
    snapshotFile: text('GATEWAY_SNAPSHOT_FILE'),
    pinFile: optional('GATEWAY_PIN_FILE'),
    unleashUrl: optional('UNLEASH_URL'),
    unleashToken: optional('UNLEASH_TOKEN'),
    testerSecret: optional('GATEWAY_TESTER_SECRET'),
    trustedProxies: optional('GATEWAY_TRUSTED_PROXIES'),
    drainGraceMs: integer('GATEWAY_DRAIN_GRACE_MS', env['ATLAS_ENVIRONMENT'] === 'development' ? 500 : 5_000, { min: 0, max: 60_000 }),
    upstreamDeadlineMs: integer('GATEWAY_UPSTREAM_DEADLINE_MS', 30_000, { min: 100, max: 300_000 }),
    holdDeadlineMs: integer('GATEWAY_HOLD_DEADLINE_MS', 15_000, { min: 100, max: 60_000 }),
    inFlightMax: integer('GATEWAY_IN_FLIGHT_MAX', 1_024, { min: 1, max: 100_000 }),
    upstreamStallMs: integer('GATEWAY_UPSTREAM_STALL_MS', 60_000, { min: 100, max: 600_000 }),
    bodyBytesMax: integer('GATEWAY_BODY_BYTES_MAX', 16 * 1024 * 1024, { min: 1_024 }),
    isAccessLogged: flag('GATEWAY_ACCESS_LOG', true),
  });
  return {
    ...settings,
    pinFile: settings.pinFile ?? join(dirname(settings.snapshotFile), 'gateway-pins.json'),
    trustedProxies: new Set(
      (settings.trustedProxies ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  };
}

export type GatewayConfig = ReturnType<typeof readConfig>;

import { integer, oneOf, port, readSettings, text, url } from '@atlas/kit/config';

/** Every setting of the cdc process. Throws CONFIG_INVALID with all mistakes at once. */
export function readConfig(env: Record<string, string | undefined>) {
  return readSettings(env, {
    environment: oneOf('ATLAS_ENVIRONMENT', ['development', 'production'], 'production'),
    port: port('CDC_PORT', 8109),
    legacyUrl: url('CDC_LEGACY_DATABASE_URL'),
    extractedUrl: url('CDC_NOTIFICATIONS_DATABASE_URL'),
    sourcePassword: text('CDC_SOURCE_PASSWORD'),
    kafkaBrokers: text('KAFKA_BROKERS'),
    connectUrl: url('CONNECT_URL'),
    unhealthyLagMs: integer('CDC_UNHEALTHY_LAG_MS', 500, { min: 50, max: 60_000 }),
  });
}

export type Config = ReturnType<typeof readConfig>;

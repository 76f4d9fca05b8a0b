import { flag, integer, oneOf, port, readSettings, text, url } from '@atlas/kit/config';

export type Config = ReturnType<typeof readConfig>;

/** Every setting of the service, parsed once. Throws CONFIG_INVALID with all mistakes. README.md explains each. */
export function readConfig(env: Record<string, string | undefined>) {
  return readSettings(env, {
    environment: oneOf('ATLAS_ENVIRONMENT', ['development', 'production'], 'development'),
    port: port('NOTIFICATIONS_PORT', 8104),
    databaseUrl: text('NOTIFICATIONS_DATABASE_URL'),
    keyOwnerUrl: url('NOTIFICATIONS_KEY_OWNER_URL'),
    serviceToken: text('NOTIFICATIONS_SERVICE_TOKEN'),
    publicUrl: url('ATLAS_PUBLIC_URL'),
    smtpUrl: url('SMTP_URL'),
    isWorkerOn: flag('NOTIFICATIONS_WORKER', true),
    sendersMax: integer('NOTIFICATIONS_SENDERS_MAX', 4, { min: 1, max: 16 }),
    requestPoolMax: integer('NOTIFICATIONS_REQUEST_POOL_MAX', 10, { min: 1, max: 100 }),
    contentHash: text('CONTENT_HASH', 'unknown'),
  });
}

export type Settings = { databaseUrl: string; serverSecret: string; port: number; isDevelopment: boolean; contentHash: string };

/** The settings of the webhook process. Throws one error that names every mistake. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const mistakes = ['LEGACY_DATABASE_URL', 'STACK_SERVER_SECRET', 'LEGACY_WEBHOOKS_PORT']
    .filter((name) => !env[name])
    .map((name) => `${name} is not set`);
  const port = Number(env['LEGACY_WEBHOOKS_PORT']);
  if (env['LEGACY_WEBHOOKS_PORT'] && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    mistakes.push('LEGACY_WEBHOOKS_PORT must be a port');
  if (mistakes.length > 0) throw new Error(`settings are wrong: ${mistakes.join('; ')}`);
  return {
    databaseUrl: env['LEGACY_DATABASE_URL'] ?? '',
    serverSecret: env['STACK_SERVER_SECRET'] ?? '',
    port,
    isDevelopment: env['LEGACY_ENVIRONMENT'] === 'development',
    contentHash: env['CONTENT_HASH'] ?? '',
  };
}

export type Settings = { databaseUrl: string; smtpUrl: string; port: number; contentHash: string };

/** The worker's settings. Throws one error that names every mistake. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const missing = ['LEGACY_DATABASE_URL', 'SMTP_URL', 'LEGACY_WORKER_PORT'].filter((name) => !env[name]);
  const port = Number(env['LEGACY_WORKER_PORT']);
  const mistakes = missing.map((name) => `${name} is not set`);
  if (env['LEGACY_WORKER_PORT'] && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    mistakes.push('LEGACY_WORKER_PORT must be a port');
  if (env['SMTP_URL'] && !/^smtps?:\/\//.test(env['SMTP_URL'])) mistakes.push('SMTP_URL must be like smtp://127.0.0.1:25');
  if (mistakes.length > 0) throw new Error(`settings are wrong: ${mistakes.join('; ')}`);
  return { databaseUrl: env['LEGACY_DATABASE_URL'] ?? '', smtpUrl: env['SMTP_URL'] ?? '', port, contentHash: env['CONTENT_HASH'] ?? '' };
}

export type Settings = {
  environment: 'development' | 'production';
  databaseUrl: string;
  smtpUrl: string;
  /** What clients call, without a slash at the end: base of links. */
  publicUrl: string;
  serverSecret: string;
  port: number;
  contentHash: string;
};

const required = ['LEGACY_DATABASE_URL', 'SMTP_URL', 'LEGACY_WORKER_PORT', 'STACK_PUBLIC_API_URL', 'STACK_SERVER_SECRET'] as const;

/** The worker's settings. Throws one error that names every mistake. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const mistakes = required.filter((name) => !env[name]).map((name) => `${name} is not set`);
  const port = Number(env['LEGACY_WORKER_PORT']);
  if (env['LEGACY_WORKER_PORT'] && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    mistakes.push('LEGACY_WORKER_PORT must be a port');
  if (env['SMTP_URL'] && !/^smtps?:\/\//.test(env['SMTP_URL'])) mistakes.push('SMTP_URL must be like smtp://127.0.0.1:25');
  if (mistakes.length > 0) throw new Error(`settings are wrong: ${mistakes.join('; ')}`);
  return {
    environment: env['LEGACY_ENVIRONMENT'] === 'development' ? 'development' : 'production',
    databaseUrl: env['LEGACY_DATABASE_URL'] ?? '',
    smtpUrl: env['SMTP_URL'] ?? '',
    publicUrl: (env['STACK_PUBLIC_API_URL'] ?? '').replace(/\/+$/, ''),
    serverSecret: env['STACK_SERVER_SECRET'] ?? '',
    port,
    contentHash: env['CONTENT_HASH'] ?? '',
  };
}

import { sharedProviders } from '@stackframe/stack-shared/dist/utils/oauth';

export type Config = {
  environment: 'development' | 'production';
  databaseUrl: string;
  /** What clients call, without a slash at the end: base of issuers and links. */
  publicApiUrl: string;
  serverSecret: string;
  accessTokenSeconds: number;
  serviceToken: string;
  contentHash: string;
  oauth: OAuthSettings;
  /** How long a reset asked for an unknown address waits at least, and at most half as long again. */
  unknownEmailDelayMillis: number;
  /** Every passkey challenge, for tests with a fixed authenticator; development only. */
  fixedPasskeyChallenge: string | undefined;
};

/** Keys that projects without their own share, by provider type, and where the stand-in for the providers is (development only). */
export type OAuthSettings = { mockUrl: string | undefined; sharedKeys: Record<string, { clientId: string; clientSecret: string }> };

/** A client with this id is one of the stand-in's. */
export const mockClientId = 'MOCK';

const secretCharactersMin = 16;
const delayMillisMax = 10_000;

/** The settings of a process environment. Throws one error that names every mistake. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const mistakes: string[] = [];
  const required = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') mistakes.push(`${name} is not set`);
    return value ?? '';
  };
  const config: Config = {
    environment: env['LEGACY_ENVIRONMENT'] === 'development' ? 'development' : 'production',
    databaseUrl: required('LEGACY_DATABASE_URL'),
    publicApiUrl: required('STACK_PUBLIC_API_URL').replace(/\/+$/, ''),
    serverSecret: required('STACK_SERVER_SECRET'),
    accessTokenSeconds: readDurationSeconds(env['STACK_ACCESS_TOKEN_EXPIRATION_TIME'] ?? '10min') ?? 0,
    serviceToken: required('LEGACY_SERVICE_TOKEN'),
    contentHash: env['CONTENT_HASH'] ?? '',
    oauth: readOAuthSettings(env),
    unknownEmailDelayMillis: Number(env['STACK_UNKNOWN_EMAIL_DELAY_MILLIS'] || '2000'),
    fixedPasskeyChallenge: env['STACK_PASSKEY_FIXED_CHALLENGE'] || undefined,
  };
  if (config.accessTokenSeconds < 1) mistakes.push('STACK_ACCESS_TOKEN_EXPIRATION_TIME must be like 10min, 90s or 1h');
  if (config.serverSecret.length < secretCharactersMin)
    mistakes.push(`STACK_SERVER_SECRET must have ${secretCharactersMin} characters or more`);
  if (!(config.unknownEmailDelayMillis >= 0 && config.unknownEmailDelayMillis <= delayMillisMax))
    mistakes.push(`STACK_UNKNOWN_EMAIL_DELAY_MILLIS must be a number from 0 to ${delayMillisMax}`);
  if (config.fixedPasskeyChallenge !== undefined && config.environment === 'production')
    mistakes.push('STACK_PASSKEY_FIXED_CHALLENGE is for development only');
  mistakes.push(...oauthMistakes(config));
  if (mistakes.length > 0) throw new Error(`settings are wrong: ${mistakes.join('; ')}`);
  return config;
}

function readOAuthSettings(env: Record<string, string | undefined>): OAuthSettings {
  const keys = sharedProviders.map((type) => {
    const name = type.toUpperCase();
    return [type, { clientId: env[`STACK_${name}_CLIENT_ID`] ?? '', clientSecret: env[`STACK_${name}_CLIENT_SECRET`] ?? '' }] as const;
  });
  return {
    mockUrl: env['STACK_OAUTH_MOCK_URL']?.replace(/\/+$/, '') || undefined,
    sharedKeys: Object.fromEntries(keys.filter(([, { clientId }]) => clientId !== '')),
  };
}

/** The stand-in lets everyone be anyone: no place for it in production. */
function oauthMistakes({ environment, oauth }: Config): string[] {
  const mistakes: string[] = [];
  if (oauth.mockUrl !== undefined && environment === 'production') mistakes.push('STACK_OAUTH_MOCK_URL is for development only');
  for (const [type, { clientId, clientSecret }] of Object.entries(oauth.sharedKeys)) {
    const name = `STACK_${type.toUpperCase()}_CLIENT`;
    if (clientId === mockClientId && oauth.mockUrl === undefined) mistakes.push(`${name}_ID is MOCK, but STACK_OAUTH_MOCK_URL is not set`);
    if (clientId !== mockClientId && clientSecret === '') mistakes.push(`${name}_SECRET is not set`);
  }
  return mistakes;
}

let current: Config | undefined;

/** The settings of this process, read at first use: a build has none. */
export function config(): Config {
  current ??= readConfig(process.env);
  return current;
}

/** `10min`, `90s`, `1h`, `1d`, or a number of seconds. */
export function readDurationSeconds(text: string): number | null {
  const match = /^(\d{1,9})\s*(s|sec|m|min|h|d)?$/.exec(text.trim());
  if (match === null) return null;
  const seconds = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86_400 }[match[2] ?? 's'] ?? 1;
  return Number(match[1]) * seconds;
}

import { join } from 'node:path';
import { type Ports, portsOf } from './ports.ts';

/** What names one stack: its ports and the folder of its state and logs (`<stateDir>/<prefix>/`). */
export type StackOptions = { prefix: number; stateDir: string };

/** When a part counts as up. A step is up when it ended with 0. */
export type Ready = { kind: 'http'; url: string } | { kind: 'tcp'; port: number } | { kind: 'postgres'; url: string } | { kind: 'exit' };

/**
 * One part of the stack. `command` runs in `cwd` (relative to the repository); `node` is the Node the stack itself runs on.
 * `needs` are up before it starts. `inputs` of a step: it runs again only when these files changed. `content` of a service: the
 * folders whose hash it gets as CONTENT_HASH.
 */
export type Part = {
  name: string;
  kind: 'service' | 'step';
  needs: readonly string[];
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  ports: readonly number[];
  ready: Ready;
  readySecondsMax: number;
  inputs: readonly string[];
  content: readonly string[];
  /** Asks the part to end; its children end with it. */
  stopSignal: 'SIGTERM' | 'SIGINT';
};

/** Development secrets: the same on every machine, refused by a production start. */
export const developmentSecrets = {
  databasePassword: 'atlas',
  serverSecret: 'YXRsYXMtZGV2ZWxvcG1lbnQtc2VydmVyLXNlY3JldCE',
  legacyServiceToken: 'atlas-development-legacy-service-token',
  unleashToken: '*:development.atlas-development-client-token',
  unleashAdminToken: '*:*.atlas-development-admin-token',
  testerSecret: 'atlas-development-tester-secret-32-bytes',
} as const;

/**
 * The whole stack as one list, in no particular order: `needs` says what comes first. Pure: the same options give the same list.
 * over 70 lines: it is data, made to be read from top to bottom.
 */
export function topology(options: StackOptions): Part[] {
  const ports = portsOf(options.prefix);
  const state = join(options.stateDir, String(options.prefix));
  const url = urlsOf(ports);
  const secret = developmentSecrets;
  const common = { ATLAS_ENVIRONMENT: 'development', ATLAS_PUBLIC_URL: url.public, LOG_LEVEL: 'info' };
  const legacyEnv = {
    ...common,
    NODE_ENV: 'production',
    LEGACY_ENVIRONMENT: 'development',
    LEGACY_DATABASE_URL: url.database('legacy', 'legacy_app'),
    LEGACY_SERVICE_TOKEN: secret.legacyServiceToken,
    STACK_PUBLIC_API_URL: url.public,
    STACK_SERVER_SECRET: secret.serverSecret,
    STACK_ACCESS_TOKEN_EXPIRATION_TIME: '10min',
    SMTP_URL: url.smtp,
    STACK_OAUTH_MOCK_URL: url.oauthProvider,
    STACK_GITHUB_CLIENT_ID: 'MOCK',
    STACK_GOOGLE_CLIENT_ID: 'MOCK',
    STACK_MICROSOFT_CLIENT_ID: 'MOCK',
    STACK_SPOTIFY_CLIENT_ID: 'MOCK',
  };

  return [
    service('postgres', {
      command: ['node', 'packages/dev/src/parts/postgres.ts'],
      env: { POSTGRES_PORT: String(ports.postgres), POSTGRES_STATE_DIR: state, POSTGRES_PASSWORD: 'postgres' },
      ports: [ports.postgres],
      ready: { kind: 'postgres', url: url.database('postgres', 'postgres') },
      stopSignal: 'SIGINT',
    }),
    step('databases', {
      needs: ['postgres'],
      command: ['node', 'packages/dev/src/parts/databases.ts'],
      env: { POSTGRES_URL: url.database('postgres', 'postgres'), DATABASE_PASSWORD: secret.databasePassword },
      inputs: ['packages/dev/src/parts/databases.ts', 'packages/kit/src/embedded-postgres.ts'],
    }),
    service('kafka', {
      command: ['node', 'packages/dev/src/parts/kafka.ts', 'broker'],
      env: {
        KAFKA_PORT: String(ports.kafka),
        KAFKA_CONTROLLER_PORT: String(ports.kafkaController),
        KAFKA_STATE_DIR: join(state, 'kafka'),
        KAFKA_CACHE_DIR: join(options.stateDir, 'cache'),
      },
      ports: [ports.kafka, ports.kafkaController],
      ready: { kind: 'tcp', port: ports.kafka },
    }),
    service('connect', {
      needs: ['kafka'],
      command: ['node', 'packages/dev/src/parts/kafka.ts', 'connect'],
      env: {
        KAFKA_PORT: String(ports.kafka),
        CONNECT_PORT: String(ports.connect),
        KAFKA_STATE_DIR: join(state, 'kafka'),
        KAFKA_CACHE_DIR: join(options.stateDir, 'cache'),
      },
      ports: [ports.connect],
      ready: { kind: 'http', url: `${url.connect}/health` },
    }),
    service('unleash', {
      needs: ['databases'],
      command: ['node', 'packages/dev/unleash/main.mjs'],
      env: {
        NODE_ENV: 'production',
        UNLEASH_PORT: String(ports.unleash),
        UNLEASH_DATABASE_URL: url.database('unleash', 'postgres'),
        UNLEASH_TOKEN: secret.unleashToken,
        UNLEASH_ADMIN_TOKEN: secret.unleashAdminToken,
      },
      ports: [ports.unleash],
      ready: { kind: 'http', url: `${url.unleash}/health` },
    }),
    step('flags', {
      needs: ['unleash'],
      command: ['node', 'flags/src/import.ts'],
      env: { ...common, UNLEASH_URL: url.unleash, UNLEASH_TOKEN: secret.unleashToken, UNLEASH_ADMIN_TOKEN: secret.unleashAdminToken },
      inputs: ['flags/src'],
    }),
    service('mailbox', {
      command: ['node', 'packages/dev/src/mailbox.ts'],
      env: { ...common, MAILBOX_PORT: String(ports.mailbox), SMTP_PORT: String(ports.smtp) },
      ports: [ports.mailbox, ports.smtp],
      ready: { kind: 'http', url: `${url.mailbox}/readyz` },
    }),
    service('oauth-provider', {
      command: ['node', 'packages/dev/src/oauth-provider.ts'],
      env: { ...common, OAUTH_PROVIDER_PORT: String(ports.oauthProvider), OAUTH_PROVIDER_ACCESS_TOKEN_SECONDS: '120' },
      ports: [ports.oauthProvider],
      ready: { kind: 'http', url: `${url.oauthProvider}/readyz` },
    }),
    step('legacy-migrations', {
      needs: ['databases'],
      command: ['node', 'packages/kit/src/prisma-migrations.ts', 'legacy/apps/backend/prisma/migrations', 'LEGACY_ADMIN_DATABASE_URL'],
      env: { ...common, LEGACY_ADMIN_DATABASE_URL: url.database('legacy', 'postgres') },
      inputs: ['legacy/apps/backend/prisma/migrations'],
    }),
    step('legacy-seed', {
      needs: ['legacy-migrations'],
      command: ['node', 'legacy/apps/backend/prisma/seed.ts'],
      env: { ...legacyEnv, LEGACY_ADMIN_DATABASE_URL: url.database('legacy', 'postgres') },
      inputs: ['legacy/apps/backend/prisma'],
    }),
    step('notifications-migrations', {
      needs: ['databases'],
      command: [
        'node',
        'packages/kit/src/prisma-migrations.ts',
        'extracted/notifications/prisma/migrations',
        'NOTIFICATIONS_ADMIN_DATABASE_URL',
      ],
      env: { ...common, NOTIFICATIONS_ADMIN_DATABASE_URL: url.database('notifications', 'postgres') },
      inputs: ['extracted/notifications/prisma/migrations'],
    }),
    step('cdc-migrate', {
      needs: ['legacy-migrations', 'notifications-migrations'],
      command: ['node', 'cdc/src/cli.ts', 'migrate', '--slice', 'notifications'],
      env: cdcEnv(),
      inputs: ['cdc/src', 'cdc/sql', 'legacy/apps/backend/prisma/migrations', 'extracted/notifications/prisma/migrations'],
    }),
    service('cdc', {
      needs: ['cdc-migrate', 'connect'],
      command: ['node', 'cdc/src/main.ts'],
      env: cdcEnv(),
      ports: [ports.cdc],
      ready: { kind: 'http', url: `${url.cdc}/readyz` },
      content: ['cdc/src', 'cdc/connectors', 'packages/kit/src', 'packages/contracts/src'],
    }),
    service('migrate', {
      needs: ['databases', 'cdc-migrate', 'flags'],
      command: ['node', 'packages/migrate/src/server.ts'],
      env: {
        ...common,
        MIGRATE_PORT: String(ports.migrate),
        MIGRATE_DATABASE_URL: url.database('control', 'migrate'),
        MIGRATE_LEGACY_DATABASE_URL: url.database('legacy', 'strangler_fencer'),
        MIGRATE_NOTIFICATIONS_DATABASE_URL: url.database('notifications', 'strangler_fencer'),
        MIGRATE_CDC_URL: url.cdc,
        MIGRATE_LEGACY_URL: url.legacy,
        MIGRATE_NOTIFICATIONS_URL: url.notifications,
        MIGRATE_PLAN: 'migration-plan.md',
        MIGRATE_FLAG_SNAPSHOT_FILE: join(state, 'migrate', 'flags.json'),
        CONNECT_URL: url.connect,
        UNLEASH_URL: url.unleash,
        UNLEASH_TOKEN: secret.unleashToken,
        UNLEASH_ADMIN_TOKEN: secret.unleashAdminToken,
        LEGACY_SERVICE_TOKEN: secret.legacyServiceToken,
      },
      ports: [ports.migrate],
      ready: { kind: 'http', url: `${url.migrate}/readyz` },
      content: [
        'packages/migrate/src',
        'packages/migrate/sql',
        'packages/kit/src',
        'packages/contracts/src',
        'flags/src',
        'migration-plan.md',
      ],
    }),
    service('legacy', {
      needs: ['legacy-seed'],
      command: [
        'node',
        'node_modules/next/dist/bin/next',
        'start',
        '-H',
        '127.0.0.1',
        '-p',
        String(ports.legacy),
        '--keepAliveTimeout',
        '75000',
      ],
      cwd: 'legacy/apps/backend',
      env: { ...legacyEnv, PORT: String(ports.legacy), NEXT_TELEMETRY_DISABLED: '1' },
      ports: [ports.legacy],
      ready: { kind: 'http', url: `${url.legacy}/health` },
      content: legacyContent,
    }),
    service('legacy-worker', {
      needs: ['legacy-seed', 'mailbox'],
      command: ['node', 'legacy/apps/backend/worker/main.ts'],
      env: { ...legacyEnv, LEGACY_WORKER_PORT: String(ports.legacyWorker) },
      ports: [ports.legacyWorker],
      ready: { kind: 'http', url: `http://127.0.0.1:${ports.legacyWorker}/readyz` },
      content: legacyContent,
    }),
    service('legacy-webhooks', {
      needs: ['legacy-seed'],
      command: ['node', 'legacy/apps/backend/webhooks/main.ts'],
      env: { ...legacyEnv, LEGACY_WEBHOOKS_PORT: String(ports.legacyWebhooks) },
      ports: [ports.legacyWebhooks],
      ready: { kind: 'http', url: `${url.legacyWebhooks}/readyz` },
      content: legacyContent,
    }),
    service('notifications', {
      needs: ['notifications-migrations', 'cdc-migrate', 'mailbox'],
      command: ['node', 'extracted/notifications/src/main.ts'],
      env: {
        ...common,
        NOTIFICATIONS_PORT: String(ports.notifications),
        NOTIFICATIONS_DATABASE_URL: url.database('notifications', 'notifications_app'),
        NOTIFICATIONS_KEY_OWNER_URL: url.legacy,
        NOTIFICATIONS_SERVICE_TOKEN: secret.legacyServiceToken,
        SMTP_URL: url.smtp,
      },
      ports: [ports.notifications],
      ready: { kind: 'http', url: `${url.notifications}/readyz` },
      content: ['extracted/notifications/src', 'extracted/notifications/prisma', 'packages/kit/src', 'packages/contracts/src'],
    }),
    service('gateway', {
      needs: ['migrate', 'legacy', 'notifications'],
      command: ['node', 'gateway/src/main.ts'],
      env: {
        ...common,
        NODE_ENV: 'production',
        GATEWAY_ID: `gateway-${options.prefix}`,
        GATEWAY_PORT: String(ports.gateway),
        GATEWAY_ADMIN_PORT: String(ports.gatewayAdmin),
        GATEWAY_CONTROL_DATABASE_URL: url.database('control', 'gateway'),
        GATEWAY_LEGACY_URL: url.legacy,
        GATEWAY_NOTIFICATIONS_URL: url.notifications,
        GATEWAY_LEGACY_DATABASE_URL: url.database('legacy', 'strangler_reader'),
        GATEWAY_NOTIFICATIONS_DATABASE_URL: url.database('notifications', 'strangler_reader'),
        GATEWAY_SNAPSHOT_FILE: join(state, 'gateway', 'snapshot.json'),
        GATEWAY_TESTER_SECRET: secret.testerSecret,
        UNLEASH_URL: url.unleash,
        UNLEASH_TOKEN: secret.unleashToken,
      },
      ports: [ports.gateway, ports.gatewayAdmin],
      ready: { kind: 'http', url: `${url.gatewayAdmin}/readyz` },
      content: ['gateway/src', 'packages/kit/src', 'packages/contracts/src', 'flags/src'],
    }),
  ];

  function cdcEnv(): Record<string, string> {
    return {
      ...common,
      CDC_PORT: String(ports.cdc),
      CDC_LEGACY_DATABASE_URL: url.database('legacy', 'cdc_applier'),
      CDC_NOTIFICATIONS_DATABASE_URL: url.database('notifications', 'cdc_applier'),
      CDC_LEGACY_ADMIN_DATABASE_URL: url.database('legacy', 'postgres'),
      CDC_NOTIFICATIONS_ADMIN_DATABASE_URL: url.database('notifications', 'postgres'),
      CDC_SOURCE_PASSWORD: secret.databasePassword,
      KAFKA_BROKERS: `127.0.0.1:${ports.kafka}`,
      CONNECT_URL: url.connect,
    };
  }
}

/** Every address of a stack. `database(name, role)` carries the development password of that role. */
export type StackUrls = ReturnType<typeof urlsOf>;

export function urlsOf(ports: Ports) {
  const local = (port: number) => `http://127.0.0.1:${port}`;
  return {
    /** The gateway as clients know it: the issuer of tokens. */
    public: `http://localhost:${ports.gateway}`,
    gateway: local(ports.gateway),
    gatewayAdmin: local(ports.gatewayAdmin),
    legacy: local(ports.legacy),
    legacyWorker: local(ports.legacyWorker),
    legacyWebhooks: local(ports.legacyWebhooks),
    notifications: local(ports.notifications),
    mailbox: local(ports.mailbox),
    /** As its issuer names it: browsers and the legacy both go there. */
    oauthProvider: `http://localhost:${ports.oauthProvider}`,
    smtp: `smtp://127.0.0.1:${ports.smtp}`,
    migrate: local(ports.migrate),
    cdc: local(ports.cdc),
    unleash: local(ports.unleash),
    connect: local(ports.connect),
    kafka: `127.0.0.1:${ports.kafka}`,
    database: (name: string, role: string) =>
      `postgres://${role}:${role === 'postgres' ? 'postgres' : developmentSecrets.databasePassword}@127.0.0.1:${ports.postgres}/${name}`,
  };
}

const legacyContent = ['legacy/apps/backend/src', 'legacy/apps/backend/worker', 'legacy/apps/backend/prisma'];

type PartSettings = Pick<Part, 'command' | 'env'> & Partial<Part>;

function service(name: string, settings: PartSettings & Pick<Part, 'ports' | 'ready'>): Part {
  return { name, kind: 'service', needs: [], cwd: '.', inputs: [], content: [], readySecondsMax: 120, stopSignal: 'SIGTERM', ...settings };
}

function step(name: string, settings: PartSettings & Pick<Part, 'inputs'>): Part {
  return {
    name,
    kind: 'step',
    needs: [],
    cwd: '.',
    ports: [],
    ready: { kind: 'exit' },
    content: [],
    readySecondsMax: 120,
    stopSignal: 'SIGTERM',
    ...settings,
  };
}

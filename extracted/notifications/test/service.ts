import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Listening, listen } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { createPool, type Pool } from '@atlas/kit/postgres';
import { applyMigrations } from '@atlas/kit/prisma-migrations';
import { createTestDatabase, type TestDatabase } from '@atlas/kit/testing';
import { type App, createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { type FakeLegacy, type FakeUser, keys, serviceToken, startFakeLegacy } from './fake-legacy.ts';
import { type FakeMailServer, startFakeMailServer } from './fake-mail-server.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const publicUrl = 'http://localhost:9302';

/** A service database as in the stack: own migrations, then the strangler schema that `cdc migrate` makes; not yet the owner. */
export async function createServiceDatabase(): Promise<{ database: TestDatabase; admin: Pool; drop(): Promise<void> }> {
  const [legacy, database] = await Promise.all([createTestDatabase('legacy'), createTestDatabase('notifications')]);
  await Promise.all([
    applyMigrations({ databaseUrl: legacy.url, folder: `${root}legacy/apps/backend/prisma/migrations` }),
    applyMigrations({ databaseUrl: database.url, folder: `${root}extracted/notifications/prisma/migrations` }),
  ]);
  await promisify(execFile)(process.execPath, ['cdc/src/cli.ts', 'migrate', '--slice', 'notifications'], {
    cwd: root,
    env: { ...process.env, CDC_LEGACY_ADMIN_DATABASE_URL: legacy.url, CDC_NOTIFICATIONS_ADMIN_DATABASE_URL: database.url },
  });
  const admin = createPool(database.url, { name: 'test', max: 3 });
  return {
    database,
    admin,
    drop: async () => {
      await admin.end();
      await Promise.all([legacy.drop(), database.drop()]);
    },
  };
}

/** The whole service on a real database, between a fake legacy and a fake mail server. */
export type Service = {
  app: App;
  url: string;
  databaseUrl: string;
  admin: Pool;
  legacy: FakeLegacy;
  mailServer: FakeMailServer;
  /** The fence gives the slice to this side at the next epoch; answers it. */
  own(): Promise<bigint>;
  /** The fence takes the slice away; answers the epoch. */
  disown(): Promise<bigint>;
  /** A project of the test's own, known to the legacy and to the projection. */
  project(options?: { requiresClientKey?: boolean }): Promise<{ id: string; tenancyId: string }>;
  /** A user in the legacy and, unless told otherwise, in the projection. */
  user(
    tenancyId: string,
    options?: { email?: string | null; isAnonymous?: boolean; isProjected?: boolean; displayName?: string },
  ): Promise<FakeUser & { email: string | null }>;
  /** Another process of the same service on the same database. */
  another(settings?: Record<string, string>): App;
  close(): Promise<void>;
};

export async function startService(settings: Record<string, string> = {}): Promise<Service> {
  const [{ database, admin, drop }, legacy, mailServer] = await Promise.all([
    createServiceDatabase(),
    startFakeLegacy(),
    startFakeMailServer(),
  ]);
  const create = (more: Record<string, string> = {}) =>
    createApp({
      log: createLogger('notifications', process.env['TEST_LOG_LEVEL'] ?? 'silent'),
      config: readConfig({
        NOTIFICATIONS_DATABASE_URL: database.urlAs('notifications_app'),
        NOTIFICATIONS_KEY_OWNER_URL: legacy.url,
        NOTIFICATIONS_SERVICE_TOKEN: serviceToken,
        ATLAS_PUBLIC_URL: publicUrl,
        SMTP_URL: mailServer.url,
        NOTIFICATIONS_WORKER: 'off',
        CONTENT_HASH: 'hash-of-the-test',
        ...settings,
        ...more,
      }),
    });
  const app = create();
  const listening: Listening = await listen(app.handler, { port: 0 });
  await app.start();
  return {
    app,
    url: listening.url,
    databaseUrl: database.urlAs('notifications_app'),
    admin,
    legacy,
    mailServer,
    another: create,
    own: () => setOwner(admin, 'here'),
    disown: () => setOwner(admin, 'none'),
    project: async ({ requiresClientKey = false } = {}) => {
      const project = { id: randomUUID(), displayName: 'Test Project', tenancyId: randomUUID(), requiresClientKey };
      legacy.projects.set(project.id, project);
      await admin.query('insert into ref_project (id, display_name) values ($1, $2)', [project.id, project.displayName]);
      await admin.query('insert into ref_tenancy (id, project_id, branch_id) values ($1, $2, $3)', [project.tenancyId, project.id, 'main']);
      return project;
    },
    user: async (tenancyId, { email = `${randomUUID()}@example.com`, isAnonymous = false, isProjected = true, displayName } = {}) => {
      const user = { tenancyId, id: randomUUID(), email, isAnonymous, ...(displayName === undefined ? {} : { displayName }) };
      legacy.users.push(user);
      if (isProjected) await projectUser(admin, user);
      return user;
    },
    close: async () => {
      app.drain();
      await listening.close();
      await app.stop();
      await Promise.all([legacy.close(), mailServer.close(), drop()]);
    },
  };
}

/** What the flow does with a new user. */
export async function projectUser(admin: Pool, user: FakeUser): Promise<void> {
  await admin.query(
    'insert into ref_user (tenancy_id, project_user_id, is_anonymous, signed_up_at, display_name) values ($1, $2, $3, now(), $4)',
    [user.tenancyId, user.id, user.isAnonymous === true, user.displayName ?? null],
  );
  if (user.email === null) return;
  await admin.query(
    `insert into ref_contact_channel (tenancy_id, project_user_id, id, type, value, is_primary, used_for_auth) values ($1, $2, $3, 'EMAIL', $4, true, true)`,
    [user.tenancyId, user.id, randomUUID(), user.email],
  );
}

export type Call = {
  method?: string;
  path: string;
  as?: 'client' | 'server' | 'admin' | 'nobody';
  projectId?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: unknown;
};
export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };

/** Calls the service as the published clients do. */
export async function call(
  service: { url: string },
  { method = 'GET', path, as = 'server', projectId, token, headers, body }: Call,
): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(as === 'nobody' ? {} : { 'x-stack-access-type': as, [keyHeader[as]]: keys[as] }),
      ...(projectId === undefined ? {} : { 'x-stack-project-id': projectId }),
      ...(token === undefined ? {} : { 'x-stack-access-token': token, 'x-stack-allow-anonymous-user': 'true' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : {} };
}

const keyHeader = {
  client: 'x-stack-publishable-client-key',
  server: 'x-stack-secret-server-key',
  admin: 'x-stack-super-secret-admin-key',
} as const;

async function setOwner(admin: Pool, owner: 'here' | 'none'): Promise<bigint> {
  const { rows } = await admin.query<{ epoch: bigint }>(
    `select epoch + 1 as epoch from strangler.fence where slice = 'notifications' and tenant = '*'`,
  );
  const epoch = rows[0]?.epoch ?? 1n;
  await admin.query(`select strangler.set_owner('notifications', '*', $1, $2)`, [owner, epoch]);
  return epoch;
}

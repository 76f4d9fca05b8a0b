import { fileURLToPath } from 'node:url';
import { applyMigrations } from '@atlas/kit/prisma-migrations';
import { createTestDatabase, templateDatabase } from '@atlas/kit/testing';
import pg from 'pg';
import { seed } from '../prisma/seed.ts';
import { createDatabase, database } from '../src/database.ts';
import { handleService } from '../src/service/service-api.ts';
import { handleApi } from '../src/wire/handle.ts';

// The kit reads int8 as BigInt in the whole process; Prisma reads PostgreSQL's text, as it does where the legacy runs alone.
pg.types.setTypeParser(pg.types.builtins.INT8, (value) => value);

export const keys = {
  publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-secret-server-key-is-for-local-development-only',
  superSecretAdminKey: 'this-super-secret-admin-key-is-for-local-development-only',
};
export const internalTenancyId = '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b0001';
export const serviceToken = 'service-token-of-the-tests';

export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };
export type CallOptions = {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
  rawBody?: string;
  rawBytes?: Uint8Array;
  contentType?: string;
};

/** Header sets of the three access types, for the project `internal` unless another is named. */
export function as(
  accessType: 'client' | 'server' | 'admin',
  project: { id: string; secretServerKey?: string } = { id: 'internal' },
): Record<string, string> {
  const isInternal = project.id === 'internal';
  const headers: Record<string, string> = { 'x-stack-project-id': project.id, 'x-stack-access-type': accessType };
  if (accessType === 'client' && isInternal) headers['x-stack-publishable-client-key'] = keys.publishableClientKey;
  if (accessType === 'server') headers['x-stack-secret-server-key'] = project.secretServerKey ?? keys.secretServerKey;
  if (accessType === 'admin') headers['x-stack-super-secret-admin-key'] = keys.superSecretAdminKey;
  return headers;
}

/** The legacy in process, on a database of its own, acting as its run-time role. One a test file: settings are the process's. */
export async function openLegacy(options: { oauthMockUrl?: string } = {}) {
  const testDatabase = await createTestDatabase('legacy', await templateDatabase('legacy_template', migrateAndSeed));
  const databaseUrl = testDatabase.urlAs('legacy_app');
  Object.assign(process.env, {
    LEGACY_ENVIRONMENT: 'development',
    LEGACY_DATABASE_URL: databaseUrl,
    STACK_PUBLIC_API_URL: 'http://localhost:8102',
    STACK_SERVER_SECRET: 'a-secret-for-these-tests',
    LEGACY_SERVICE_TOKEN: serviceToken,
    CONTENT_HASH: 'content-of-the-tests',
    STACK_OAUTH_MOCK_URL: options.oauthMockUrl ?? 'http://localhost:8114',
    STACK_GITHUB_CLIENT_ID: 'MOCK',
    STACK_GOOGLE_CLIENT_ID: 'MOCK',
    STACK_UNKNOWN_EMAIL_DELAY_MILLIS: '40',
  });
  const admin = new pg.Pool({ connectionString: testDatabase.adminUrl, max: 4 });
  return {
    databaseUrl,
    adminUrl: testDatabase.adminUrl,
    admin,
    call: (method: string, path: string, options: CallOptions = {}) => call(method, `/api/v1${path}`, options),
    callAt: call,
    service: async (method: string, path: string, body?: unknown, token = serviceToken) =>
      read(
        await handleService(
          new Request(
            `http://legacy.internal${path}`,
            requestInit(method, { ...(body === undefined ? {} : { body }), headers: { authorization: `Bearer ${token}` } }),
          ),
        ),
      ),
    close: async () => {
      await database().$disconnect();
      await admin.end();
      await testDatabase.drop();
    },
  };
}

async function migrateAndSeed(url: string): Promise<void> {
  await applyMigrations({ databaseUrl: url, folder: fileURLToPath(new URL('../prisma/migrations', import.meta.url)) });
  const owner = createDatabase(url);
  await seed(owner);
  await owner.$disconnect();
}

export type Legacy = Awaited<ReturnType<typeof openLegacy>>;

let emails = 0;
export function freshEmail(): string {
  emails += 1;
  return `person-${emails}-${Date.now()}@example.com`;
}

export type SignedUp = { email: string; userId: string; accessToken: string; refreshToken: string };

export async function signUp(legacy: Legacy, options: { callbackUrl?: string; headers?: Record<string, string> } = {}): Promise<SignedUp> {
  const email = freshEmail();
  const body = {
    email,
    password: 'password1',
    ...(options.callbackUrl === undefined ? {} : { verification_callback_url: options.callbackUrl }),
  };
  const answer = await legacy.call('POST', '/auth/password/sign-up', { headers: options.headers ?? as('client'), body });
  if (answer.status !== 200) throw new Error(`sign-up answered ${answer.status}: ${answer.text}`);
  const { user_id: userId, access_token: accessToken, refresh_token: refreshToken } = answer.json as Record<string, string>;
  return { email, userId: String(userId), accessToken: String(accessToken), refreshToken: String(refreshToken) };
}

async function call(method: string, path: string, options: CallOptions): Promise<Answer> {
  return read(await handleApi(new Request(`http://legacy.internal${path}`, requestInit(method, options))));
}

function requestInit(method: string, options: CallOptions): RequestInit {
  if (options.rawBytes !== undefined)
    return { method, headers: headersOf(options, options.contentType), body: new Blob([new Uint8Array(options.rawBytes)]) };
  const text = options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const contentType = options.contentType ?? (text === undefined ? undefined : 'application/json');
  return { method, headers: headersOf(options, contentType), ...(text === undefined ? {} : { body: text }) };
}

function headersOf(options: CallOptions, contentType: string | undefined): Record<string, string> {
  return {
    ...options.headers,
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(options.token === undefined ? {} : { 'x-stack-access-token': options.token }),
  };
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

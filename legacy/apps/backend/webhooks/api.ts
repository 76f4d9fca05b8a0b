import { randomBytes } from 'node:crypto';
import { yupArray, yupBoolean, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { ValidationError } from 'yup';
import { projectOfToken } from '../src/webhooks/portal-token.ts';
import type { Pool } from '../worker/database.ts';
import { targetMistake } from './target.ts';

export type ApiRequest = { method: string; path: string; query: URLSearchParams; authorization: string | undefined; body: string };
export type ApiAnswer = { status: number; body?: unknown };
export type ApiDeps = { pool: Pool; serverSecret: string; isDevelopment: boolean; now: () => Date };

const endpointsMax = 50;
const pageMax = 250;
const pageDefault = 50;

const newEndpoint = yupObject({
  url: yupString().defined(),
  description: yupString().max(1_000).default(''),
  filterTypes: yupArray(yupString().max(100).defined()).max(50).nullable().optional(),
  disabled: yupBoolean().default(false),
}).defined();

/** The part of Svix's REST that dashboards and integrators' tests use. A project's token opens that project only. */
export async function answerApi(deps: ApiDeps, request: ApiRequest): Promise<ApiAnswer> {
  const [app, noun, ...rest] = request.path
    .replace(/^\/api\/v1\/app\//, '')
    .split('/')
    .map(decodeURIComponent);
  if (!request.path.startsWith('/api/v1/app/') || app === undefined) return refusal(404, 'not_found', 'Not found');
  const token = /^Bearer (.+)$/.exec(request.authorization ?? '')?.[1] ?? '';
  if (projectOfToken(token, deps.serverSecret, deps.now()) !== app) return refusal(401, 'authentication_failed', 'Invalid token');
  switch (`${request.method} ${noun ?? ''}/${rest.length}`) {
    case 'POST endpoint/0':
      return createEndpoint(deps, app, request.body);
    case 'GET endpoint/0':
      return listEndpoints(deps, app);
    case 'GET endpoint/1':
      return readEndpoint(deps, app, rest[0] ?? '');
    case 'GET endpoint/2':
      return rest[1] === 'secret' ? readSecret(deps, app, rest[0] ?? '') : notFound;
    case 'DELETE endpoint/1':
      return deleteEndpoint(deps, app, rest[0] ?? '');
    case 'GET attempt/2':
      return rest[0] === 'endpoint' ? listAttempts(deps, app, rest[1] ?? '', request.query) : notFound;
    case 'GET msg/0':
      return listMessages(deps, app, request.query);
    case 'GET msg/1':
      return readMessage(deps, app, rest[0] ?? '', request.query);
    default:
      return notFound;
  }
}

const notFound: ApiAnswer = refusal(404, 'not_found', 'Entity not found');

function refusal(status: number, code: string, detail: string): ApiAnswer {
  return { status, body: { code, detail } };
}

type EndpointRow = {
  id: string;
  url: string;
  description: string;
  filterTypes: string[];
  disabled: boolean;
  createdAt: Date;
  updatedAt: Date;
};
const endpointColumns = '"id", "url", "description", "filterTypes", "disabled", "createdAt", "updatedAt"';

function endpointView(row: EndpointRow) {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    filterTypes: row.filterTypes.length === 0 ? null : row.filterTypes,
    disabled: row.disabled,
    version: 1,
    channels: null,
    rateLimit: null,
    metadata: {},
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

async function createEndpoint({ pool, isDevelopment }: ApiDeps, app: string, text: string): Promise<ApiAnswer> {
  const input = await readInput(text);
  if ('mistake' in input) return refusal(422, 'validation_error', input.mistake);
  const mistake = targetMistake(input.url, isDevelopment);
  if (mistake !== null) return refusal(422, 'validation_error', mistake);
  const { rows } = await pool.query<EndpointRow>(
    `insert into "WebhookEndpoint" ("projectId", "id", "url", "description", "secret", "filterTypes", "disabled")
     select "id", $2, $3, $4, $5, $6, $7 from "Project"
     where "id" = $1 and (select count(*) from "WebhookEndpoint" where "projectId" = $1) < $8
     returning ${endpointColumns}`,
    [
      app,
      `ep_${generateSecureRandomString().slice(0, 27)}`,
      input.url,
      input.description,
      `whsec_${randomBytes(24).toString('base64')}`,
      input.filterTypes ?? [],
      input.disabled,
      endpointsMax,
    ],
  );
  if (rows[0] !== undefined) return { status: 201, body: endpointView(rows[0]) };
  // A token lives on after its project was deleted.
  const { rowCount } = await pool.query('select 1 from "Project" where "id" = $1', [app]);
  return rowCount === 0 ? notFound : refusal(409, 'conflict', `at most ${endpointsMax} endpoints`);
}

async function readInput(text: string) {
  try {
    return await newEndpoint.validate(JSON.parse(text), { abortEarly: false });
  } catch (error) {
    if (error instanceof ValidationError) return { mistake: error.errors.join('; ') };
    if (error instanceof SyntaxError) return { mistake: 'the body must be JSON' };
    throw error;
  }
}

async function listEndpoints({ pool }: ApiDeps, app: string): Promise<ApiAnswer> {
  const { rows } = await pool.query<EndpointRow>(
    `select ${endpointColumns} from "WebhookEndpoint" where "projectId" = $1 order by "createdAt", "id" limit $2`,
    [app, endpointsMax],
  );
  return page(rows.map(endpointView));
}

async function readEndpoint({ pool }: ApiDeps, app: string, id: string): Promise<ApiAnswer> {
  const { rows } = await pool.query<EndpointRow>(`select ${endpointColumns} from "WebhookEndpoint" where "projectId" = $1 and "id" = $2`, [
    app,
    id,
  ]);
  return rows[0] === undefined ? notFound : { status: 200, body: endpointView(rows[0]) };
}

async function readSecret({ pool }: ApiDeps, app: string, id: string): Promise<ApiAnswer> {
  const { rows } = await pool.query<{ key: string }>('select "secret" as key from "WebhookEndpoint" where "projectId" = $1 and "id" = $2', [
    app,
    id,
  ]);
  return rows[0] === undefined ? notFound : { status: 200, body: rows[0] };
}

async function deleteEndpoint({ pool }: ApiDeps, app: string, id: string): Promise<ApiAnswer> {
  const { rowCount } = await pool.query('delete from "WebhookEndpoint" where "projectId" = $1 and "id" = $2', [app, id]);
  return rowCount === 0 ? notFound : { status: 204 };
}

const attemptStatus: Record<string, number> = { success: 0, failed: 2 };

async function listAttempts({ pool }: ApiDeps, app: string, endpointId: string, query: URLSearchParams): Promise<ApiAnswer> {
  const { rows } = await pool.query<{
    id: string;
    messageId: string;
    status: string;
    responseStatusCode: number;
    response: string;
    durationMs: number;
    createdAt: Date;
    url: string;
  }>(
    `select attempt."id", attempt."messageId", attempt."status", attempt."responseStatusCode", attempt."response", attempt."durationMs",
       attempt."createdAt", endpoint."url"
     from "WebhookAttempt" attempt
     join "WebhookEndpoint" endpoint on endpoint."projectId" = attempt."projectId" and endpoint."id" = attempt."endpointId"
     where attempt."projectId" = $1 and attempt."endpointId" = $2 order by attempt."createdAt" desc, attempt."id" limit $3`,
    [app, endpointId, limitOf(query)],
  );
  return page(
    rows.map((row) => ({
      id: row.id,
      msgId: row.messageId,
      endpointId,
      url: row.url,
      status: attemptStatus[row.status],
      responseStatusCode: row.responseStatusCode,
      response: row.response,
      responseDurationMs: row.durationMs,
      triggerType: 0,
      timestamp: row.createdAt.toISOString(),
    })),
  );
}

type MessageRow = { id: string; eventType: string; payload: unknown; createdAt: Date };
const messageColumns = '"id", "eventType", "payload", "createdAt"';

function messageView(row: MessageRow, withContent: boolean) {
  return {
    eventType: row.eventType,
    id: row.id,
    payload: withContent ? row.payload : {},
    timestamp: row.createdAt.toISOString(),
    channels: null,
    eventId: null,
  };
}

async function listMessages({ pool }: ApiDeps, app: string, query: URLSearchParams): Promise<ApiAnswer> {
  const { rows } = await pool.query<MessageRow>(
    `select ${messageColumns} from "WebhookMessage" where "projectId" = $1 order by "createdAt" desc, "id" desc limit $2`,
    [app, limitOf(query)],
  );
  return page(rows.map((row) => messageView(row, withContent(query))));
}

async function readMessage({ pool }: ApiDeps, app: string, id: string, query: URLSearchParams): Promise<ApiAnswer> {
  const { rows } = await pool.query<MessageRow>(`select ${messageColumns} from "WebhookMessage" where "projectId" = $1 and "id" = $2`, [
    app,
    id,
  ]);
  return rows[0] === undefined ? notFound : { status: 200, body: messageView(rows[0], withContent(query)) };
}

function withContent(query: URLSearchParams): boolean {
  return query.get('with_content') !== 'false';
}

function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? pageDefault);
  return Number.isInteger(limit) && limit >= 1 ? Math.min(limit, pageMax) : pageDefault;
}

function page(data: unknown[]): ApiAnswer {
  return { status: 200, body: { data, done: true, iterator: null, prevIterator: null } };
}

import { afterAll, beforeAll, expect, test } from 'vitest';

// The same request, straight to the legacy and straight to the service of a running stack: a client must not be able to tell. Two
// implementations of one wire, no shared code. Nothing here writes a table of the slice: whoever owns it, every case is a read or a refusal.

const prefix = process.env['ATLAS_STACK_PREFIX'] ?? process.env['NEXT_PUBLIC_STACK_PORT_PREFIX'] ?? '81';
const legacyUrl = `http://127.0.0.1:${prefix}03`;
const serviceUrl = `http://127.0.0.1:${prefix}04`;

const project = { 'x-stack-project-id': 'internal' };
const keyOf = (kind: string) => `this-${kind}-key-is-for-local-development-only`;
const client = { ...project, 'x-stack-access-type': 'client', 'x-stack-publishable-client-key': keyOf('publishable-client') };
const server = { ...project, 'x-stack-access-type': 'server', 'x-stack-secret-server-key': keyOf('secret-server') };
const admin = { ...project, 'x-stack-access-type': 'admin', 'x-stack-super-secret-admin-key': keyOf('super-secret-admin') };

type Headers = Record<string, string>;
type Case = [name: string, request: string, headers: Headers, body?: unknown];

const nobody = '11111111-1111-4111-8111-111111111111';
const transactional = '7bb82d33-2f54-4a3d-9d23-82739e0d66ef';
const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';
const preferences = '/api/v1/emails/notification-preference';
const outbox = '/api/v1/emails/outbox';
const send = '/api/v1/emails/send-email';
/** Stands for the access token of the user that was signed up for this run, and for its id. */
const signedIn = { 'x-stack-access-token': '<token>' };

const cases: Case[] = [
  ['own preferences', `GET ${preferences}/me`, { ...client, ...signedIn }],
  ['own preferences, by the other version', 'GET /api/latest/emails/notification-preference/me', { ...client, ...signedIn }],
  ['own preferences, by id', `GET ${preferences}/<user>`, { ...client, ...signedIn }],
  ['own preferences, with a slash', `GET ${preferences}/me/`, { ...client, ...signedIn }],
  ['own preferences, only the head', `HEAD ${preferences}/me`, { ...client, ...signedIn }],
  [
    'own preferences, as newer clients ask',
    `GET ${preferences}/me`,
    { 'x-hexclave-project-id': 'internal', 'x-hexclave-access-type': 'client', 'x-hexclave-access-token': '<token>' },
  ],
  ['a user’s preferences, for a server', `GET ${preferences}/<user>`, server],
  ['a user’s preferences, for an admin', `GET ${preferences}/<user>`, admin],
  ['me, for a server with the user’s token', `GET ${preferences}/me`, { ...server, ...signedIn }],
  ['another user’s preferences', `GET ${preferences}/${nobody}`, { ...client, ...signedIn }],
  ['nobody’s preferences', `GET ${preferences}/${nobody}`, server],
  ['me without a user', `GET ${preferences}/me`, client],
  ['me without a user, for a server', `GET ${preferences}/me`, server],
  ['an id without a user', `GET ${preferences}/<user>`, client],
  ['an id that is none', `GET ${preferences}/x`, server],
  ['unknown query properties', `GET ${preferences}/me?foo=1&bar=2`, { ...client, ...signedIn }],
  ['the category that stays on', `PATCH ${preferences}/me/${transactional}`, { ...client, ...signedIn }, { enabled: false }],
  ['an unknown category', `PATCH ${preferences}/me/${nobody}`, { ...client, ...signedIn }, { enabled: false }],
  ['many problems at once', `PATCH ${preferences}/me/x`, { ...client, ...signedIn }, { enabled: 'no', z: 1, a: 2 }],
  ['null for a boolean', `PATCH ${preferences}/me/${marketing}`, { ...client, ...signedIn }, { enabled: null }],
  ['a list for a body', `PATCH ${preferences}/me/${marketing}`, { ...client, ...signedIn }, []],
  ['no body', `PATCH ${preferences}/me/${marketing}`, { ...client, ...signedIn }],
  ['another user’s category', `PATCH ${preferences}/${nobody}/${marketing}`, { ...client, ...signedIn }, { enabled: false }],
  ['nobody’s category', `PATCH ${preferences}/${nobody}/${marketing}`, server, { enabled: false }],
  ['a mail to nobody in particular', `POST ${send}`, server, {}],
  [
    'a mail full of mistakes',
    `POST ${send}`,
    server,
    { html: 'x', user_ids: ['x', null, 5], all_users: false, foo: 1, scheduled_at_millis: 'abc', theme_id: null },
  ],
  ['a mail to nobody', `POST ${send}`, server, { html: 'x', user_ids: [nobody] }],
  ['a mail from an unknown template', `POST ${send}`, server, { template_id: 'x', user_ids: [nobody] }],
  ['a mail from a template to nobody', `POST ${send}`, server, { template_id: 'e7d009ce-8d47-4528-b245-5bf119f2ffa3', user_ids: [nobody] }],
  ['a mail from an unknown draft', `POST ${send}`, server, { draft_id: nobody, user_ids: [nobody] }],
  ['a mail from no draft', `POST ${send}`, server, { draft_id: 'x', user_ids: [nobody] }],
  ['a mail in an unknown theme', `POST ${send}`, server, { html: 'x', theme_id: nobody, user_ids: [nobody] }],
  ['a mail in no theme', `POST ${send}`, server, { html: 'x', theme_id: false, user_ids: [nobody] }],
  ['a mail in what is no theme', `POST ${send}`, server, { html: 'x', theme_id: 'dark', user_ids: [nobody], variables: [1] }],
  ['a mail of two contents', `POST ${send}`, server, { html: 'x', draft_id: 'x', user_ids: [nobody] }],
  ['a mail without content', `POST ${send}`, server, { user_ids: [nobody] }],
  ['a mail of an unknown category', `POST ${send}`, server, { html: 'x', user_ids: [nobody], notification_category_name: 'Nope' }],
  ['a mail to 501 users', `POST ${send}`, server, { html: 'x', user_ids: Array(501).fill(nobody) }],
  ['a mail of a client', `POST ${send}`, client, {}],
  ['a mail of nobody', `POST ${send}`, {}, {}],
  ['XML', `POST ${send}`, { ...server, 'content-type': 'application/xml' }, '<a/>'],
  ['text', `POST ${send}`, { ...server, 'content-type': 'text/plain' }, 'hello'],
  ['a form', `POST ${send}`, { ...server, 'content-type': 'application/x-www-form-urlencoded' }, 'html=x&all_users=0'],
  ['broken JSON', `POST ${send}`, { ...server, 'content-type': 'application/json' }, '{"a":'],
  ['a body over the limit', `POST ${send}`, server, { html: 'x'.repeat(1_100_000) }],
  ['a page of none', `GET ${outbox}?limit=0`, server],
  ['a page of halves', `GET ${outbox}?limit=1.5&cursor=x&foo=1`, server],
  ['a page from nowhere', `GET ${outbox}?cursor=${nobody}`, server],
  ['mails of an unknown status', `GET ${outbox}?status=nonsense`, server],
  ['an unknown mail', `GET ${outbox}/${nobody}`, server],
  ['a mail by no id', `GET ${outbox}/x`, server],
  ['the outbox for a client', `GET ${outbox}`, client],
  ['an edit of no mail', `PATCH ${outbox}/${nobody}`, server, { is_paused: true }],
  ['an edit full of mistakes', `PATCH ${outbox}/${nobody}`, server, { cancel: false, scheduled_at_millis: -1, x: 1 }],
  ['an edit of all', `PATCH ${outbox}/${nobody}`, server, { tsx_source: 'x', theme_id: null, to: null, variables: 'x', is_paused: 'x' }],
  [
    'an edit of a recipient that is none',
    `PATCH ${outbox}/${nobody}`,
    server,
    { to: { type: 'custom-emails', emails: ['a, b@example.com'] }, skip_deliverability_check: 5 },
  ],
  ['what was sent', 'GET /api/v1/emails/delivery-info', server],
  ['what was sent, for a client', 'GET /api/v1/emails/delivery-info', client],
  ['a link that is worth nothing', 'GET /api/v1/emails/unsubscribe-link?code=x', {}],
  ['a link that is worth nothing, with a broken key', 'GET /api/v1/emails/unsubscribe-link?code=x', { 'x-stack-access-type': 'root' }],
  [`a link about a project there is not`, `GET /api/v1/emails/unsubscribe-link?code=${'A'.repeat(107)}`, {}],
  ['a link without code', 'GET /api/v1/emails/unsubscribe-link', {}],
  ['a bad key', `GET ${outbox}`, { ...server, 'x-stack-secret-server-key': 'bad' }],
  ['an empty key', `GET ${outbox}`, { ...server, 'x-stack-secret-server-key': '' }],
  ['an unknown branch', `GET ${outbox}`, { ...server, 'x-stack-branch-id': 'dev' }],
  [
    'an unknown branch, dressed as 200',
    `GET ${outbox}`,
    { ...server, 'x-stack-branch-id': 'dev', 'x-stack-override-error-status': 'true' },
  ],
  ['an unknown project', `GET ${outbox}`, { ...server, 'x-stack-project-id': nobody }],
  ['a project that cannot be', `GET ${outbox}`, { ...server, 'x-stack-project-id': 'weird id' }],
  ['an unknown access type', `GET ${outbox}`, { 'x-stack-access-type': 'root' }],
  ['no project', `GET ${outbox}`, { 'x-stack-access-type': 'server' }],
  ['a key without access type', `GET ${outbox}`, { 'x-stack-secret-server-key': 'x' }],
  ['a broken token', `GET ${outbox}`, { ...server, 'x-stack-access-token': 'a.b.c' }],
  ['a token with another signature', `GET ${outbox}`, { ...server, 'x-stack-access-token': '<token>AAAA' }],
  ['an admin token of no owner', `GET ${outbox}`, { ...project, 'x-stack-access-type': 'server', 'x-stack-admin-access-token': '<token>' }],
  ['a broken admin token', `GET ${outbox}`, { ...project, 'x-stack-access-type': 'server', 'x-stack-admin-access-token': 'junk' }],
  ['an unknown method', `PUT ${outbox}`, server],
  ['a preflight', `OPTIONS ${outbox}`, {}],
];

let user = { id: '', token: '' };
beforeAll(async () => {
  const response = await fetch(`${legacyUrl}/api/v1/auth/password/sign-up`, {
    method: 'POST',
    headers: { ...client, 'content-type': 'application/json' },
    body: JSON.stringify({ email: `parity-${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() }),
  });
  const body = (await response.json()) as { user_id: string; access_token: string };
  user = { id: body.user_id, token: body.access_token };
});

// The user goes as it came, so that the stack's other tests find what they left.
afterAll(() => fetch(`${legacyUrl}/api/v1/users/${user.id}`, { method: 'DELETE', headers: server }));

test.each(cases)('%s', async (_name, request, headers, body) => {
  const [ofLegacy, ofService] = await Promise.all([
    answerOf(legacyUrl, request, headers, body),
    answerOf(serviceUrl, request, headers, body),
  ]);
  expect(ofService).toEqual(ofLegacy);
});

/** What a client can see of an answer; the order of keys is irrelevant (wire-api), Next adds names of its own to `vary`. */
const seenHeaders = [
  'content-type',
  'cache-control',
  'x-stack-known-error',
  'x-stack-actual-status',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
];

async function answerOf(url: string, request: string, headers: Headers, body: unknown): Promise<unknown> {
  const [method = '', path = ''] = request.split(' ');
  const filled = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace('<token>AAAA', `${user.token.slice(0, -4)}AAAA`).replace('<token>', user.token),
  ]);
  const isJson = body !== undefined && typeof body !== 'string';
  const response = await fetch(`${url}${path.replace('<user>', user.id)}`, {
    method,
    headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...Object.fromEntries(filled) },
    body: body === undefined ? null : isJson ? JSON.stringify(body) : (body as string),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(seenHeaders.map((name) => [name, response.headers.get(name)])),
    hasRequestId: /^[0-9a-z]{16}$/.test(response.headers.get('x-stack-request-id') ?? ''),
    isPretty: text.startsWith('{\n'),
    body: response.headers.get('content-type')?.startsWith('application/json') === true && text !== '' ? JSON.parse(text) : text,
  };
}

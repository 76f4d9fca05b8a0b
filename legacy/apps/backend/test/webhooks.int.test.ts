import { createServer, type Server } from 'node:http';
import { waitFor } from '@atlas/kit/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDeliverer, deliverDue, fanOut, removeOld } from '../webhooks/deliver.ts';
import { createWebhooks } from '../webhooks/webhooks.ts';
import { createPool, type Pool } from '../worker/database.ts';
import { type Legacy, openLegacy } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

type Received = { headers: Record<string, string>; body: string };
type Page = { data: Record<string, unknown>[] };

let legacy: Legacy;
let world: World;
let neighbour: World;
let pool: Pool;
let receiver: Server;
let status = 204;
const received: Received[] = [];
let webhooks: ReturnType<typeof createWebhooks>;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  neighbour = await plantWorld(legacy);
  pool = createPool(legacy.databaseUrl, 4);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(status).end(status === 204 ? undefined : 'not now');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  const { databaseUrl } = legacy;
  webhooks = createWebhooks({ databaseUrl, serverSecret: 'a-secret-for-these-tests', port: 0, isDevelopment: true, contentHash: 'c' });
  await webhooks.start();
});
afterEach(async () => {
  await webhooks.stop();
  status = 204;
  received.length = 0;
  await legacy.admin.query('delete from "WebhookEndpoint"');
  await legacy.admin.query('delete from "WebhookMessage"');
});
afterAll(async () => {
  receiver.closeAllConnections();
  await pool.end();
  await legacy.close();
});

const tokenOf = async (of: World) => String((await of.must('admin', 'POST', '/webhooks/svix-token', { body: {} }))['token']);
async function api(of: World, method: string, path: string, body?: unknown, token?: string) {
  const response = await fetch(`http://127.0.0.1:${webhooks.port()}/api/v1/app/${of.project.id}${path}`, {
    method,
    headers: { authorization: `Bearer ${token ?? (await tokenOf(of))}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
const hook = () => {
  const address = receiver.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`;
};
const createUser = () => world.must('server', 'POST', '/users', { body: { display_name: 'Told' } });
const due = () => legacy.admin.query(`update "WebhookDelivery" set "nextAttemptAt" = now() where "status" = 'pending'`);

describe('POST /webhooks/svix-token', () => {
  test('gives a token that opens the webhooks of the project', async () => {
    expect(await api(world, 'GET', '/endpoint')).toMatchObject({ status: 200, json: { data: [], done: true } });
  });

  test('gives none for another project, and none made up counts', async () => {
    expect((await api(neighbour, 'GET', '/endpoint', undefined, await tokenOf(world))).status).toBe(401);
    expect((await api(world, 'GET', '/endpoint', undefined, 'nonsense')).status).toBe(401);
  });
});

test('an endpoint is told what happened, signed with its secret, and the attempt and the message can be read', async () => {
  const made = await api(world, 'POST', '/endpoint', { url: hook() });
  expect(made).toMatchObject({ status: 201, json: { id: expect.stringMatching(/^ep_\w{27}$/), disabled: false, filterTypes: null } });
  const { key } = (await api(world, 'GET', `/endpoint/${made.json['id']}/secret`)).json;
  const user = await createUser();
  await waitFor('the delivery', () => received.length === 1);
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  expect(new Webhook(String(key)).verify(body, headers)).toMatchObject({
    type: 'user.created',
    data: { id: user['id'], display_name: 'Told' },
  });
  expect(headers['svix-signature']).toBe(headers['webhook-signature']);
  const attempts = await waitFor('the attempt', async () => {
    const { json } = await api(world, 'GET', `/attempt/endpoint/${made.json['id']}`);
    return (json as Page).data.length === 1 ? (json as Page).data : null;
  });
  expect(attempts).toMatchObject([{ msgId: headers['webhook-id'], status: 0, responseStatusCode: 204 }]);
  const message = await api(world, 'GET', `/msg/${headers['webhook-id']}?with_content=true`);
  expect(message.json).toEqual({
    eventType: 'user.created',
    id: expect.stringMatching(/^msg_\w{27}$/),
    payload: JSON.parse(body),
    timestamp: expect.any(String),
    channels: null,
    eventId: null,
  });
  expect((await api(neighbour, 'GET', `/msg/${headers['webhook-id']}`)).status).toBe(404);
});

test('an endpoint hears only of the types it asked for, and a disabled or deleted one of nothing', async () => {
  await api(world, 'POST', '/endpoint', { url: hook(), filterTypes: ['team.created'] });
  await api(world, 'POST', '/endpoint', { url: hook(), disabled: true });
  const gone = await api(world, 'POST', '/endpoint', { url: hook() });
  expect((await api(world, 'DELETE', `/endpoint/${gone.json['id']}`)).status).toBe(204);
  expect((await api(world, 'DELETE', `/endpoint/${gone.json['id']}`)).status).toBe(404);
  await createUser();
  await waitFor('the fan-out', async () => {
    const { rows } = await legacy.admin.query('select 1 from "WebhookMessage" where "fannedOutAt" is not null');
    return rows.length === 1;
  });
  expect((await legacy.admin.query('select 1 from "WebhookDelivery"')).rows).toEqual([]);
});

test('what is not taken is told again with the same id, until it is', async () => {
  status = 500;
  const { json } = await api(world, 'POST', '/endpoint', { url: hook() });
  await createUser();
  await waitFor('the first attempt', async () => (await api(world, 'GET', `/attempt/endpoint/${json['id']}`)).json['data']?.[0 as never]);
  status = 204;
  await due();
  await waitFor('the second attempt', () => received.length === 2);
  expect(received[0]?.headers['webhook-id']).toBe(received[1]?.headers['webhook-id']);
  await waitFor(
    'success',
    async () => (await legacy.admin.query(`select 1 from "WebhookDelivery" where "status" = 'success'`)).rows.length === 1,
  );
});

test('a delivery whose process died before it was marked is told again: never lost', async () => {
  await webhooks.stop();
  const deliverer = createDeliverer(pool, true);
  const { rows: endpoints } = await legacy.admin.query(
    `insert into "WebhookEndpoint" ("projectId", "id", "url", "secret", "filterTypes") values ($1, 'ep_x', $2, 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0', '{}') returning 1`,
    [world.project.id, hook()],
  );
  expect(endpoints).toHaveLength(1);
  await createUser();
  expect(await fanOut(deliverer)).toBe(1);
  // The state a process leaves that was killed between its request and its mark: claimed, and told.
  await legacy.admin.query(`update "WebhookDelivery" set "attemptCount" = 1, "nextAttemptAt" = now() + interval '60 seconds'`);
  expect(await deliverDue(deliverer)).toBe(0);
  await due();
  expect(await deliverDue(deliverer)).toBe(1);
  await deliverer.lanes.idle();
  expect(received).toHaveLength(1);
});

test('two processes do not tell the same at once', async () => {
  await webhooks.stop();
  await legacy.admin.query(
    `insert into "WebhookEndpoint" ("projectId", "id", "url", "secret", "filterTypes") values ($1, 'ep_x', $2, 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0', '{}')`,
    [world.project.id, hook()],
  );
  for (let n = 0; n < 5; n += 1) await createUser();
  const [one, two] = [createDeliverer(pool, true), createDeliverer(pool, true)];
  const both = await Promise.all([fanOut(one), fanOut(two)]);
  expect(both.reduce((sum, count) => sum + count, 0)).toBe(5);
  const attempts = await Promise.all([deliverDue(one), deliverDue(two)]);
  expect(attempts.reduce((sum, count) => sum + count, 0)).toBe(5);
  await Promise.all([one.lanes.idle(), two.lanes.idle()]);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
});

const makeOlder = (table: 'WebhookAttempt' | 'WebhookMessage', days: number) =>
  legacy.admin.query(`update "${table}" set "createdAt" = "createdAt" - $1 * interval '1 day'`, [days]);
const isRow = async (query: string) => (await legacy.admin.query(query)).rows.length > 0;
const giveUp = () => legacy.admin.query(`update "WebhookDelivery" set "attemptCount" = 7, "nextAttemptAt" = now()`);

test('an endpoint that failed for days is turned off, with what waits for it', async () => {
  status = 500;
  await api(world, 'POST', '/endpoint', { url: hook() });
  await createUser();
  await waitFor('the first attempt', () => isRow('select 1 from "WebhookAttempt"'));
  await makeOlder('WebhookAttempt', 6);
  await createUser();
  await waitFor('the second message', async () => (await legacy.admin.query('select 1 from "WebhookAttempt"')).rows.length === 2);
  await legacy.admin.query(`update "WebhookDelivery" set "attemptCount" = 7, "nextAttemptAt" = now()
    where ("messageId") = (select "messageId" from "WebhookAttempt" order by "createdAt" limit 1)`);
  await waitFor('the end', () => isRow('select 1 from "WebhookEndpoint" where "disabled"'));
  expect(await isRow(`select 1 from "WebhookDelivery" where "status" = 'pending'`)).toBe(false);
});

test('one that took something since is not, however long it was quiet', async () => {
  const { json } = await api(world, 'POST', '/endpoint', { url: hook() });
  await createUser();
  await waitFor('a success', () => isRow(`select 1 from "WebhookAttempt" where "status" = 'success'`));
  await makeOlder('WebhookAttempt', 20);
  status = 500;
  await createUser();
  await waitFor('a failure', () => isRow(`select 1 from "WebhookAttempt" where "status" = 'failed'`));
  await giveUp();
  await waitFor('the end', () => isRow(`select 1 from "WebhookDelivery" where "status" = 'failed'`));
  expect((await api(world, 'GET', `/endpoint/${json['id']}`)).json['disabled']).toBe(false);
});

test('an endpoint that gives no answer holds up nobody else', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  await api(world, 'POST', '/endpoint', { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/` });
  for (let n = 0; n < 30; n += 1) await createUser();
  await waitFor('the silent ones', () => isRow('select 1 from "WebhookDelivery" where "attemptCount" = 1'));
  await api(neighbour, 'POST', '/endpoint', { url: hook() });
  const began = performance.now();
  await neighbour.must('server', 'POST', '/users', { body: { display_name: 'Told at once' } });
  await waitFor('the neighbour’s', () => received.length === 1);
  expect(performance.now() - began).toBeLessThan(8_000); // an attempt waits ten seconds for its answer
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
});

test('production does not reach into its own network, whatever was stored', async () => {
  await webhooks.stop();
  await storeInternalEndpoints();
  const deliverer = createDeliverer(pool, false);
  await fanOut(deliverer);
  expect(await deliverDue(deliverer)).toBe(3);
  await deliverer.lanes.idle();
  const { rows } = await legacy.admin.query('select distinct "status", "responseStatusCode" from "WebhookAttempt"');
  expect(rows).toEqual([{ status: 'failed', responseStatusCode: 0 }]);
  expect(received).toEqual([]);

  async function storeInternalEndpoints(): Promise<void> {
    const { port } = new URL(hook());
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost']) {
      await legacy.admin.query(
        `insert into "WebhookEndpoint" ("projectId", "id", "url", "secret", "filterTypes")
         values ($1, $2, $3, 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0', '{}')`,
        [world.project.id, `ep_${host}`, `https://${host}:${port}/`],
      );
    }
    await createUser();
  }
});

test('old messages are removed with their attempts, young ones stay', async () => {
  const deliverer = createDeliverer(pool, true);
  await api(world, 'POST', '/endpoint', { url: hook() });
  await createUser();
  await waitFor('its attempt', () => isRow('select 1 from "WebhookAttempt"'));
  expect(await removeOld(deliverer)).toBe(0);
  await makeOlder('WebhookMessage', 31);
  expect(await removeOld(deliverer)).toBe(1);
  expect(await isRow('select 1 from "WebhookAttempt"')).toBe(false);
});

test('a token of a deleted project opens nothing', async () => {
  const own = await plantWorld(legacy);
  const token = await tokenOf(own);
  await own.must('admin', 'DELETE', '/internal/projects/current');
  expect((await api(own, 'POST', '/endpoint', { url: hook() }, token)).status).toBe(404);
});

test.each([
  ['no URL', {}, 'url must be defined'],
  ['another protocol', { url: 'ftp://example.com' }, 'https://'],
  ['types that are no list', { url: 'http://127.0.0.1:1', filterTypes: 'user.created' }, 'filterTypes'],
])('an endpoint with %s is refused', async (_name, body, mistake) => {
  const answer = await api(world, 'POST', '/endpoint', body);
  expect(answer).toMatchObject({ status: 422, json: { detail: expect.stringContaining(mistake) } });
});

test('the process says when it is ready', async () => {
  const answer = await fetch(`http://127.0.0.1:${webhooks.port()}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, content: 'c' }]);
});

test('the process counts what it does', async () => {
  await api(world, 'POST', '/endpoint', { url: hook() });
  await createUser();
  await waitFor('its attempt', () => isRow('select 1 from "WebhookAttempt"'));
  const text = await (await fetch(`http://127.0.0.1:${webhooks.port()}/metrics`)).text();
  expect(text).toContain('legacy_webhook_attempts_total{outcome="success"} 1');
  expect(text).toContain('legacy_webhook_deliveries_pending 0');
});

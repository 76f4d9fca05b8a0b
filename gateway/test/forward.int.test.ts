import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryLedger, memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway, testerSecret } from './support/running-gateway.ts';

let ledger: MemoryLedger;
let gateway: RunningGateway;

const ways = [
  ['GET', '/api/v1/users/me'],
  ['POST', '/api/v1/users'],
  ['GET', '/api/v1/emails/outbox'],
  ['POST', '/api/v1/emails/send-email'],
] as const;

beforeEach(async () => {
  ledger = memoryLedger(notificationsPlan());
  gateway = await runningGateway(ledger);
});
afterEach(() => gateway.close());

test('requests outside the slice go to the legacy with method, path, query and body as they were', async () => {
  const response = await fetch(`${gateway.url}/api/v1/users?limit=2&cursor=%2F`, {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'content-type': 'application/json' },
  });
  expect(await response.json()).toEqual({ from: 'legacy' });
  expect(gateway.legacy.seen).toMatchObject([{ method: 'POST', url: '/api/v1/users?limit=2&cursor=%2F', body: '{"a":1}' }]);
});

test.each(['/service/introspect', '/service/version', '/admin', '/api', '/healthz', '/_next/static/x.js'])(
  '%s is never forwarded',
  async (path) => {
    const response = await fetch(gateway.url + path, { method: 'POST' });
    expect(response.status).toBe(404);
    expect(gateway.legacy.seen).toEqual([]);
  },
);

test.each(['/', '/health', '/api/v1/unknown'])('%s goes to the legacy', async (path) => {
  expect((await fetch(gateway.url + path)).status).toBe(200);
  expect(gateway.legacy.seen.map((seen) => seen.url)).toEqual([path]);
});

test.each(['v1', 'latest', 'v2beta3'])('the slice is recognised below /api/%s and goes to its owner', async (version) => {
  ledger.change({ phase: 'extracted', owner: 'extracted', reads: 'extracted', epoch: 2n });
  const read = await fetch(`${gateway.url}/api/${version}/emails/outbox`);
  const write = await fetch(`${gateway.url}/api/${version}/emails/send-email`, { method: 'POST', body: '{}' });
  expect([await read.json(), await write.json()]).toEqual([{ from: 'extracted' }, { from: 'extracted' }]);
  expect(gateway.extracted.seen.map((seen) => seen.headers['x-gw-epoch'])).toEqual(['notifications=2', 'notifications=2']);
});

test('a client sees no header that the side did not send, on any way through the gateway', async () => {
  for (const [method, path] of ways) {
    const names = async (url: string) => [...(await fetch(url, { method })).headers.keys()].sort();
    expect(await names(gateway.url + path)).toEqual(await names(gateway.legacy.url + path));
  }
});

test.each(ways)('%s %s: what is between us and a side, or for one hop only, does not reach the client', async (method, path) => {
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(200, {
      'x-gw-position': 'f.notifications@1:0/1',
      'x-gw-anything': '1',
      'x-request-id': '1',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'proxy-authenticate': 'basic',
      'set-cookie': ['a=1', 'b=2'],
    });
    res.end('{}');
  });
  const { headers } = await fetch(gateway.url + path, { method });
  for (const name of ['x-gw-position', 'x-gw-anything', 'x-request-id', 'x-hop', 'proxy-authenticate'])
    expect(headers.get(name), name).toBeNull();
  expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('upstream and why are shown to a tester who knows the secret, and to nobody else', async () => {
  const ask = async (secret: string) =>
    (await fetch(`${gateway.url}/api/v1/emails/outbox`, { headers: { 'x-gw-tester': secret } })).headers;
  const [tester, stranger] = [await ask(testerSecret), await ask('guess')];
  expect([tester.get('x-gw-upstream'), tester.get('x-gw-why')]).toEqual(['legacy', 'phase']);
  expect([...stranger.keys()].filter((name) => name.startsWith('x-gw-'))).toEqual([]);
  expect(gateway.legacy.seen.every((seen) => seen.headers['x-gw-tester'] === undefined)).toBe(true);
});

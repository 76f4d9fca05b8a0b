import { connect } from 'node:net';
import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway } from './support/running-gateway.ts';

let gateway: RunningGateway;

beforeEach(async () => {
  gateway = await runningGateway(memoryLedger(notificationsPlan()), {
    env: { GATEWAY_UPSTREAM_DEADLINE_MS: '400', GATEWAY_UPSTREAM_STALL_MS: '300' },
  });
});
afterEach(() => gateway.close());

const ways = [
  ['a read of the slice', 'GET', '/api/v1/emails/outbox'],
  ['a write of the slice', 'POST', '/api/v1/emails/send-email'],
  ['a write outside the slice', 'POST', '/api/v1/users'],
  ['a read outside the slice', 'GET', '/api/v1/users/me'],
] as const;

test.each(ways)('%s to a side that is not there is answered 502 without a word of ours', async (_label, method, path) => {
  await gateway.legacy.close();
  const answer = await fetch(gateway.url + path, { method });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([502, 'The service is not reachable at the moment.']);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

test.each(ways)('%s that gets no answer in time is answered 504', async (_label, method, path) => {
  gateway.legacy.handle(() => {});
  const answer = await fetch(gateway.url + path, { method });
  expect([answer.status, await answer.text()]).toEqual([504, 'The service did not answer in time.']);
});

test.each(ways)('%s whose answer breaks off is broken off for the client, never ended as if whole', async (_label, method, path) => {
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half');
    setTimeout(() => res.destroy(), 20);
  });
  const answer = await fetch(gateway.url + path, { method });
  await expect(answer.text()).rejects.toThrow();
});

test.each(ways)('%s whose answer stalls is broken off', async (_label, method, path) => {
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half');
  });
  const answer = await fetch(gateway.url + path, { method });
  await expect(answer.text()).rejects.toThrow();
});

test.each(ways)('%s whose side resets before the answer on a fresh connection is answered 502', async (_label, method, path) => {
  gateway.legacy.handle((_seen, _res, req) => req.socket.resetAndDestroy());
  expect((await fetch(gateway.url + path, { method })).status).toBe(502);
  expect(gateway.legacy.seen).toHaveLength(1);
});

/** A first request leaves a kept-alive connection; the next one on it is reset once. */
async function breakNextOnKeptSocket(): Promise<void> {
  expect(await (await fetch(`${gateway.url}/api/v1/users/me`)).json()).toEqual({ from: 'legacy' });
  let isBroken = false;
  gateway.legacy.handle((_seen, res, req) => {
    if (isBroken) return void res.end('{}');
    isBroken = true;
    req.socket.resetAndDestroy();
  });
  gateway.legacy.seen.length = 0;
}

test.each(ways.filter(([, method]) => method === 'GET'))(
  '%s on a stale kept-alive connection is sent once more',
  async (_label, method, path) => {
    await breakNextOnKeptSocket();
    expect((await fetch(gateway.url + path, { method })).status).toBe(200);
    expect(gateway.legacy.seen).toHaveLength(2);
  },
);

test.each(ways.filter(([, method]) => method === 'POST'))(
  '%s on a stale kept-alive connection is never sent twice',
  async (_label, method, path) => {
    await breakNextOnKeptSocket();
    expect((await fetch(gateway.url + path, { method })).status).toBe(502);
    expect(gateway.legacy.seen).toHaveLength(1);
    expect(gateway.legacy.connections()).toBe(1);
  },
);

test('a client that leaves ends its read upstream and is logged as 499', async () => {
  let isEnded = false;
  gateway.legacy.handle((_seen, res) => {
    res.on('close', () => {
      isEnded = true;
    });
  });
  const leaving = new AbortController();
  const answer = fetch(`${gateway.url}/api/v1/users/me`, { signal: leaving.signal }).catch((error: Error) => error.name);
  await waitFor('arrived', () => gateway.legacy.seen.length === 1);
  leaving.abort();
  expect(await answer).toBe('AbortError');
  await waitFor('ended upstream', () => isEnded);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).toMatch(/gw_requests_total\{route="GET \/users\/me",method="GET",class="4xx",upstream="legacy",why="not-sliced"\} 1/);
});

test('connections to a side are kept and used again', async () => {
  for (let index = 0; index < 5; index += 1) {
    await (await fetch(`${gateway.url}/api/v1/users/me`)).text();
    await (await fetch(`${gateway.url}/api/v1/emails/send-email`, { method: 'POST', body: '{}' })).text();
  }
  expect(gateway.legacy.connections()).toBe(1);
});

test('a client that asks to close gets its answer closed', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write('GET /api/v1/users/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toMatch(/connection: close/i);
});

test('an endless answer passes as it comes', async () => {
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: 1\n\n');
    setTimeout(() => res.end('data: 2\n\n'), 600);
  });
  const answer = await fetch(`${gateway.url}/api/v1/users/me`);
  const startedMs = performance.now();
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe('data: 1\n\n');
  expect(performance.now() - startedMs).toBeLessThan(300);
  const second = await reader?.read();
  expect(Buffer.from(second?.value ?? []).toString()).toBe('data: 2\n\n');
});

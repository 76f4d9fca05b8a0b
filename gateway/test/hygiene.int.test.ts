import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, rawRequest, runningGateway } from './support/running-gateway.ts';

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await runningGateway(memoryLedger(notificationsPlan()));
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.legacy.seen.length = 0;
});

const get = (target: string, ...headers: string[]) => ['GET', target, ...headers] as const;
const manyHeaders = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: 1`);

async function send(method: string, target: string, headers: string[], body = ''): Promise<string> {
  const answer = await rawRequest(gateway.port, `${[`${method} ${target} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n${body}`);
  return answer.split('\r\n')[0]?.split(' ')[1] ?? 'nothing';
}

test.each([
  ['two hosts', '400', get('/api/v1/a', 'host: a', 'host: b')],
  ['two equal hosts', '400', get('/api/v1/a', 'host: a', 'host: a')],
  ['no host', '400', get('/api/v1/a')],
  ['a host with a path', '400', get('/api/v1/a', 'host: a/b')],
  ['absolute form', '400', get('http://a/api/v1/a', 'host: a')],
  ['a target that starts with //', '400', get('//a/api/v1/a', 'host: a')],
  ['an empty segment', '400', get('/api//v1/a', 'host: a')],
  ['a dot segment', '400', get('/api/v1/../../service/version', 'host: a')],
  ['an escaped dot segment', '400', get('/api/v1/%2e%2E/service', 'host: a')],
  ['a dot at the end', '400', get('/api/v1/.', 'host: a')],
  ['an escaped slash', '400', get('/api/v1/a%2fb', 'host: a')],
  ['an escaped backslash', '400', get('/api/v1/a%5Cb', 'host: a')],
  ['a backslash', '400', get('/api/v1/a\\b', 'host: a')],
  ['an escaped null', '400', get('/api/v1/a%00', 'host: a')],
  ['an escaped line end', '400', get('/api/v1/a%0d%0a', 'host: a')],
  ['a broken escape', '400', get('/api/v1/a%zz', 'host: a')],
  ['a long target', '414', get(`/api/v1/${'a'.repeat(9_000)}`, 'host: a')],
  ['TRACE', '405', ['TRACE', '/api/v1/a', 'host: a']],
  ['CONNECT', '405', ['CONNECT', 'a:80', 'host: a']],
  ['an upgrade to another protocol', '400', get('/api/v1/a', 'host: a', 'connection: upgrade', 'upgrade: h2c')],
  [
    'two content types',
    '400',
    ['POST', '/api/v1/a', 'host: a', 'content-type: text/plain', 'content-type: application/json', 'content-length: 0'],
  ],
  ['two authorizations', '400', get('/api/v1/a', 'host: a', 'authorization: a', 'authorization: b')],
  ['an underscore in a name', '400', get('/api/v1/a', 'host: a', 'x_stack_project_id: a')],
  ['more than 100 headers', '431', get('/api/v1/a', 'host: a', ...manyHeaders(100))],
  ['headers over 16 KiB', '431', get('/api/v1/a', 'host: a', `x-a: ${'a'.repeat(17_000)}`)],
  ['length and chunked together', '400', ['POST', '/api/v1/a', 'host: a', 'content-length: 5', 'transfer-encoding: chunked']],
  ['two lengths', '400', ['POST', '/api/v1/a', 'host: a', 'content-length: 5', 'content-length: 6']],
  ['another transfer coding', '400', ['POST', '/api/v1/a', 'host: a', 'transfer-encoding: gzip, chunked']],
  ['a body that is announced too large', '413', ['POST', '/api/v1/a', 'host: a', 'content-length: 99999999']],
  ['two projects', '400', get('/api/v1/a', 'host: a', 'x-stack-project-id: a', 'x-stack-project-id: b')],
  ['two projects under both names', '400', get('/api/v1/a', 'host: a', 'x-stack-project-id: a', 'x-hexclave-project-id: b')],
  ['connection that names an identity', '400', get('/api/v1/a', 'host: a', 'connection: x-stack-access-token', 'x-stack-access-token: t')],
])('%s is refused with %s and reaches nobody', async (_label, status, [method, target, ...headers]) => {
  expect(await send(method, target, headers)).toBe(status);
  expect(gateway.legacy.seen).toEqual([]);
});

test.each([
  ['one host', get('/api/v1/a', 'host: a'), '/api/v1/a'],
  ['a host with a port', get('/api/v1/a', 'host: [::1]:8102'), '/api/v1/a'],
  ['dots inside a segment', get('/api/v1/..a/b..c/.well-known', 'host: a'), '/api/v1/..a/b..c/.well-known'],
  ['escaped slashes in the query', get('/api/v1/a?next=%2F%2Fb%00', 'host: a'), '/api/v1/a?next=%2F%2Fb%00'],
  ['an escaped letter, decoded', get('/%61pi/v1/%7Euser', 'host: a'), '/api/v1/~user'],
  ['an escaped space, in upper case', get('/api/v1/a%20b%c3%a9', 'host: a'), '/api/v1/a%20b%C3%A9'],
  ['100 headers', get('/api/v1/a', 'host: a', ...manyHeaders(99)), '/api/v1/a'],
  ['an upgrade nobody asked for in HTTP/1.1', get('/api/v1/a', 'host: a', 'connection: keep-alive'), '/api/v1/a'],
  ['the same project under both names', get('/api/v1/a', 'host: a', 'x-stack-project-id: a', 'x-hexclave-project-id: a'), '/api/v1/a'],
])('%s is accepted', async (_label, [method, target, ...headers], url) => {
  expect(await send(method, target, headers)).toBe('200');
  expect(gateway.legacy.seen.map((seen) => seen.url)).toEqual([url]);
});

test('a second request hidden behind a chunked body is not seen by a side', async () => {
  const hidden = 'GET /api/v1/hidden HTTP/1.1\r\nhost: a\r\n\r\n';
  await send(
    'DELETE',
    '/api/v1/a',
    ['host: a', 'transfer-encoding: chunked', 'connection: close'],
    `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
  );
  expect(gateway.legacy.seen).toMatchObject([{ method: 'DELETE', url: '/api/v1/a', body: hidden }]);
});

test('a small chunked body arrives with its length, a large one whole', async () => {
  await fetch(`${gateway.url}/api/v1/a`, { method: 'POST', body: new Blob(['x'.repeat(1_000)]).stream(), duplex: 'half' } as RequestInit);
  await fetch(`${gateway.url}/api/v1/a`, { method: 'POST', body: new Blob(['y'.repeat(300_000)]).stream(), duplex: 'half' } as RequestInit);
  const [small, large] = gateway.legacy.seen;
  expect(small?.headers).toMatchObject({ 'content-length': '1000' });
  expect(small?.headers['transfer-encoding']).toBeUndefined();
  expect(large?.body).toBe('y'.repeat(300_000));
});

test('what a client claims about itself or about us does not reach a side', async () => {
  await send('GET', '/api/v1/a', [
    'host: front.example',
    'x-forwarded-for: 6.6.6.6',
    'x-forwarded-host: evil',
    'x-forwarded-proto: https',
    'x-forwarded-prefix: /evil',
    'forwarded: for=6.6.6.6',
    'via: 1.1 evil',
    'x-real-ip: 6.6.6.6',
    'x-gw-epoch: notifications=99',
    'x-gw-position: f.notifications@1:0/0',
    'x-gw-not-executed: NOT_OWNER',
    'x-request-id: mine',
    'x-middleware-subrequest: middleware',
    'connection: close, x-secret-hop',
    'x-secret-hop: 1',
    'te: trailers',
    'proxy-authorization: basic eA==',
  ]);
  const headers = gateway.legacy.seen[0]?.headers ?? {};
  expect(headers).toMatchObject({
    host: 'front.example',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'front.example',
    forwarded: 'for=127.0.0.1;proto=http;host="front.example"',
  });
  for (const name of [
    'x-forwarded-prefix',
    'via',
    'x-real-ip',
    'x-gw-epoch',
    'x-gw-position',
    'x-gw-not-executed',
    'x-secret-hop',
    'te',
    'proxy-authorization',
    'x-middleware-subrequest',
  ]) {
    expect(headers[name], name).toBeUndefined();
  }
  expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('a valid traceparent goes on, a broken one is replaced', async () => {
  const valid = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
  await send('GET', '/api/v1/a', ['host: a', `traceparent: ${valid}`, 'tracestate: x=1']);
  await send('GET', '/api/v1/a', ['host: a', 'traceparent: junk', 'tracestate: x=1']);
  const [kept, made] = gateway.legacy.seen;
  expect(kept?.headers).toMatchObject({ traceparent: valid, tracestate: 'x=1' });
  expect(made?.headers['traceparent']).toMatch(/^00-/);
  expect(made?.headers['tracestate']).toBeUndefined();
});

test('the new header family arrives under the old names only', async () => {
  await send('GET', '/api/v1/a', ['host: a', 'X-Hexclave-Project-Id: p1', 'x-hexclave-access-type: client', 'x-hexclave-unknown-thing: 1']);
  const headers = gateway.legacy.seen[0]?.headers ?? {};
  expect(headers).toMatchObject({ 'x-stack-project-id': 'p1', 'x-stack-access-type': 'client', 'x-stack-unknown-thing': '1' });
  expect(Object.keys(headers).filter((name) => name.startsWith('x-hexclave-'))).toEqual([]);
});

test('an answer of our own is plain text with the CORS header of the API and nothing of ours', async () => {
  const answer = await rawRequest(gateway.port, 'GET /api//v1 HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain('access-control-allow-origin: *');
  expect(answer).toMatch(/\r\n\r\nBad request\.$/);
  expect(answer.toLowerCase()).not.toMatch(/x-powered-by|server:|via:|x-gw-|x-request-id/);
});

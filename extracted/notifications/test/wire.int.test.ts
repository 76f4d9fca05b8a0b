import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, publicUrl, type Service, startService } from './service.ts';

let service: Service;
let project: { id: string; tenancyId: string };
beforeAll(async () => {
  service = await startService();
  await service.own();
  project = await service.project();
});
afterAll(() => service.close());

const sendPath = '/api/v1/emails/send-email';
const send = (options: { headers?: Record<string, string>; body?: string; method?: string; path?: string }) =>
  fetch(`${service.url}${options.path ?? sendPath}`, {
    method: options.method ?? 'POST',
    headers: {
      'x-stack-access-type': 'server',
      'x-stack-secret-server-key': 'ssk_good',
      'x-stack-project-id': project.id,
      'content-type': 'application/json',
      ...options.headers,
    },
    body: options.body ?? null,
  });

describe('every answer below /api', () => {
  test('has CORS, a request id and no cache', async () => {
    const { headers } = await call(service, { path: '/api/v1/emails/outbox', projectId: project.id });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toBe('content-type, x-stack-actual-status, x-stack-known-error');
    expect(headers.get('access-control-allow-headers')).toContain('x-hexclave-secret-server-key');
    expect(headers.get('vary')).toBe(headers.get('access-control-allow-headers'));
    expect(headers.get('x-stack-request-id')).toMatch(/^[0-9a-z]{16}$/);
    expect(headers.get('cache-control')).toBe('no-store, max-age=0');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect([headers.get('x-powered-by'), headers.get('etag')]).toEqual([null, null]);
  });

  test('to OPTIONS is 200 and empty, whatever the path', async () => {
    for (const path of [sendPath, '/api/v1/nope']) {
      const response = await fetch(`${service.url}${path}`, { method: 'OPTIONS' });
      expect([response.status, await response.text()]).toEqual([200, '']);
      expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE, OPTIONS');
    }
  });

  test('to an unknown path is a page of text with the public address', async () => {
    for (const path of ['/api/v1/nope?x=1', '/api/v9/emails/outbox', '/api/v1/emails/outbox/%ff']) {
      const answer = await call(service, { path });
      expect(answer.status).toBe(404);
      expect(answer.text).toBe(
        `404 — this page does not exist in Stack Auth's API.\n\nPlease see the API documentation at https://docs.stack-auth.com, or visit the Stack Auth dashboard at https://app.stack-auth.com.\n\nURL: ${publicUrl}${path}`,
      );
    }
  });

  test('to a method a path does not have is 405 and empty', async () => {
    const response = await fetch(`${service.url}${sendPath}`, { method: 'PUT' });
    expect([response.status, await response.text(), response.headers.get('x-stack-request-id')]).toEqual([405, '', null]);
  });

  test('is a 200 for clients that ask to have refusals dressed', async () => {
    const answer = await call(service, { path: '/api/v1/emails/outbox', headers: { 'x-stack-override-error-status': 'true' } });
    expect([answer.status, answer.headers.get('x-stack-actual-status')]).toEqual([200, '400']);
    expect(answer.json['code']).toBe('ACCESS_TYPE_WITHOUT_PROJECT_ID');
    const unknown = await call(service, { path: '/api/v1/nope', headers: { 'x-hexclave-override-error-status': 'true' } });
    expect([unknown.status, unknown.headers.get('x-stack-actual-status')]).toEqual([200, '404']);
  });
});

describe('a body', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['that is no JSON', {}, '{"a":', 'Invalid JSON in request body'],
    ['that is empty', {}, '', 'Invalid JSON in request body'],
    ['of another type', { 'content-type': 'application/xml' }, '<a/>', 'Unknown content type in request body: application/xml'],
  ])('%s is refused before anything else is looked at', async (_name, headers, body, message) => {
    const response = await send({ headers: { ...headers, 'x-stack-access-type': 'nonsense' }, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 'BODY_PARSING_ERROR', error: message });
  });

  test('that is no UTF-8 is refused', async () => {
    const response = await fetch(`${service.url}${sendPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(await response.json()).toMatchObject({ code: 'BODY_PARSING_ERROR' });
  });

  test('over the limit is 413, declared or not', async () => {
    const big = JSON.stringify({ html: 'x'.repeat(1024 * 1024) });
    const declared = await send({ body: big });
    expect([declared.status, await declared.text()]).toEqual([413, 'Request body is larger than 1048576 bytes']);
    const chunked = await fetch(`${service.url}${sendPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([big]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('without content type is no body', async () => {
    const response = await fetch(`${service.url}${sendPath}`, {
      method: 'POST',
      headers: { 'x-stack-access-type': 'server', 'x-stack-secret-server-key': 'ssk_good', 'x-stack-project-id': project.id },
    });
    expect((await response.json()).error).toContain('body must be defined');
  });

  test('with a zero byte, which PostgreSQL cannot store, is refused with a text', async () => {
    const user = await service.user(project.tenancyId);
    const response = await send({ body: JSON.stringify({ user_ids: [user.id], html: 'a\u0000b' }) });
    expect([response.status, await response.text()]).toEqual([400, 'The request contains characters that cannot be stored.']);
  });
});

describe('who calls', () => {
  test('is asked once in a while, not with every request', async () => {
    const before = service.legacy.asked.introspections;
    const own = await service.project();
    await Promise.all(Array.from({ length: 20 }, () => call(service, { path: '/api/v1/emails/outbox', projectId: own.id })));
    expect(service.legacy.asked.introspections - before).toBe(1);
  });

  test.each<[string, Parameters<typeof call>[1], number, string]>([
    ['nobody', { path: sendPath, as: 'nobody', method: 'POST' }, 400, 'ACCESS_TYPE_REQUIRED'],
    ['a client where servers are meant', { path: sendPath, as: 'client', method: 'POST' }, 401, 'INSUFFICIENT_ACCESS_TYPE'],
    ['a bad key', { path: '/api/v1/emails/outbox', headers: { 'x-stack-secret-server-key': 'ssk_bad' } }, 401, 'INVALID_SECRET_SERVER_KEY'],
    ['an unknown project', { path: '/api/v1/emails/outbox', projectId: randomUUID() }, 400, 'CURRENT_PROJECT_NOT_FOUND'],
    ['an unknown branch', { path: '/api/v1/emails/outbox', headers: { 'x-stack-branch-id': 'dev' } }, 400, 'BRANCH_DOES_NOT_EXIST'],
    ['a broken token', { path: '/api/v1/emails/outbox', token: 'x.y.z' }, 401, 'UNPARSABLE_ACCESS_TOKEN'],
  ])('and is %s is refused', async (_name, request, status, code) => {
    const answer = await call(service, { projectId: project.id, ...request });
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    expect(answer.headers.get('x-stack-known-error')).toBe(code);
  });

  test('with a token that ran out, or of another project, is told so', async () => {
    const user = await service.user(project.tenancyId);
    const other = await service.project();
    const old = await service.legacy.token(user, { projectId: project.id, publicUrl, expiresInSeconds: -1 });
    const foreign = await service.legacy.token(user, { projectId: other.id, publicUrl });
    const codeWith = async (token: string) =>
      (await call(service, { path: '/api/v1/emails/outbox', projectId: project.id, token })).json['code'];
    expect(await codeWith(old)).toBe('ACCESS_TOKEN_EXPIRED');
    expect(await codeWith(foreign)).toBe('INVALID_PROJECT_FOR_ACCESS_TOKEN');
  });

  test('cannot be found out while the key owner is silent: 503, and nothing is guessed', async () => {
    const unknown = await service.project();
    service.legacy.isDown = true;
    try {
      const answer = await call(service, { path: '/api/v1/emails/outbox', projectId: unknown.id });
      expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([503, null]);
      expect((await call(service, { path: '/api/v1/emails/outbox', projectId: project.id })).status).toBe(200);
    } finally {
      service.legacy.isDown = false;
    }
  });
});

describe('health', () => {
  test('tells liveness, readiness with the content hash, and figures', async () => {
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    const ready = await fetch(`${service.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, content: 'hash-of-the-test' }]);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('notifications_request_seconds_bucket');
    expect(metrics).toContain('notifications_signing_keys_age_seconds');
  });

  test('says "not ready" first when stopping, while requests go on', async () => {
    const stopping = await startService();
    try {
      stopping.app.drain();
      expect((await fetch(`${stopping.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${stopping.url}/livez`)).status).toBe(200);
      const { id } = await stopping.project();
      expect((await call(stopping, { path: '/api/v1/emails/outbox', projectId: id })).status).toBe(200);
    } finally {
      await stopping.close();
    }
  });

  test('idle connections are kept for 75 s, longer than any gateway keeps them', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    const head = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.destroy();
    expect(head).toContain('Keep-Alive: timeout=75');
  });
});

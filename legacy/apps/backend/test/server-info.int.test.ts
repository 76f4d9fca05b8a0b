import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GET as health } from '../src/app/health/route.ts';
import { type Legacy, openLegacy } from './legacy.ts';

let legacy: Legacy;
beforeAll(async () => {
  legacy = await openLegacy();
});
afterAll(() => legacy.close());

describe('GET /', () => {
  test('welcomes', async () => {
    const answer = await legacy.call('GET', '/');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(answer.text).toContain('Welcome');
  });
});

describe('POST /check-version', () => {
  test('is content with every client', async () => {
    expect((await legacy.call('POST', '/check-version', { body: { clientVersion: '2.8.102' } })).json).toEqual({ upToDate: true });
    expect((await legacy.call('POST', '/check-version', { body: {} })).status).toBe(200);
  });
});

describe('POST /check-feature-support', () => {
  test('says in words, which clients show, that the feature is not there', async () => {
    const answer = await legacy.call('POST', '/check-feature-support', { body: { featureName: 'teleport', any: { thing: 1 } } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(answer.text).toContain('does not support');
    expect((await legacy.call('POST', '/check-feature-support')).status).toBe(200);
  });
});

describe('GET /internal/backend-urls', () => {
  test('names the public URL, so that clients keep to it', async () => {
    expect((await legacy.call('GET', '/internal/backend-urls')).json).toEqual({ urls: ['http://localhost:8102'] });
  });
});

test('the health route answers while the database does', async () => {
  const response = await health();
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
});

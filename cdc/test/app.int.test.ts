import { requestJson } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { freePort, waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { createTestDatabases, type TestDatabases } from './databases.ts';

let databases: TestDatabases;
let app: ReturnType<typeof createApp>;
let base: string;

beforeAll(async () => {
  databases = await createTestDatabases();
  const [port, nobody] = [await freePort(), await freePort()];
  base = `http://127.0.0.1:${port}`;
  const env = {
    ATLAS_ENVIRONMENT: 'development',
    CDC_PORT: String(port),
    CDC_LEGACY_DATABASE_URL: databases.legacy.urlAs('cdc_applier'),
    CDC_NOTIFICATIONS_DATABASE_URL: databases.extracted.urlAs('cdc_applier'),
    CDC_SOURCE_PASSWORD: 'atlas',
    KAFKA_BROKERS: `127.0.0.1:${nobody}`,
    CONNECT_URL: `http://127.0.0.1:${nobody}`,
  };
  app = createApp({ config: readConfig(env), log: createLogger('test', 'silent') });
  await app.start();
});
afterAll(async () => {
  await app.stop();
  await databases.drop();
});

const get = (path: string) => requestJson(`${base}${path}`, { timeoutMs: 5_000 });
const post = (path: string, body: unknown) => requestJson(`${base}${path}`, { method: 'POST', body, timeoutMs: 15_000 });
const live = { slice: 'notifications', mode: 'live', source: 'legacy' };

describe('with Kafka and Connect down', () => {
  test('the process lives, is not ready, and says what it waits for', async () => {
    expect((await get('/livez')).status).toBe(200);
    await waitFor('reasons', async () => JSON.stringify((await get('/flows/f.notifications')).body).includes('applier retries'), {
      timeoutMs: 10_000,
    });
    expect((await get('/readyz')).status).toBe(503);
    const { body } = await get('/flows/f.notifications');
    expect(body).toMatchObject({
      flow: 'f.notifications',
      source: 'legacy',
      incarnation: 1,
      healthy: false,
      lagMs: null,
      applier: { running: false, stopped: null },
    });
    expect((body as { reasons: string[] }).reasons.length).toBeGreaterThan(1);
  });

  test('it ticks all the same', async () => {
    const seq = async () =>
      (await databases.extracted.admin.query<{ seq: bigint }>('select seq from strangler.watermark')).rows[0]?.seq ?? 0n;
    await waitFor('ticks', async () => (await seq()) >= 3n, { timeoutMs: 5_000 });
    expect((await databases.legacy.admin.query('select flow from strangler.watermark')).rows).toEqual([{ flow: 'f.notifications' }]);
  });

  test('metrics have a line for each flow', async () => {
    const { body } = await get('/metrics');
    expect(body).toContain('cdc_flow_healthy{flow="f.notifications"} 0');
    expect(body).toContain('cdc_flow_healthy{flow="r.notifications"} 0');
  });

  test('a live verify says that the flow does not advance', async () => {
    expect(await post('/verify', live)).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  });

  test('parked events cannot be replayed while the applier is not running', async () => {
    expect(await post('/flows/f.notifications/parked/replay', { tenant: 'x' })).toMatchObject({ status: 503 });
    expect(await get('/flows/f.notifications/parked')).toMatchObject({ status: 200, body: [] });
  });
});

test.each([
  ['an unknown flow', '/flows/x.notifications/backfill', { tenant: '*', epoch: 1 }, 404],
  ['an unknown slice', '/verify', { ...live, slice: 'other' }, 404],
  ['a wrong mode', '/verify', { ...live, mode: 'quick' }, 400],
  ['a tenant', '/verify', { ...live, tenant: 'one' }, 400],
  ['no body', '/verify', undefined, 400],
  ['a frozen compare of an open unit', '/verify', { ...live, mode: 'frozen' }, 409],
  ['a live verify from the side that does not own', '/verify', { ...live, source: 'extracted' }, 409],
  ['a backfill under another epoch', '/flows/f.notifications/backfill', { tenant: '*', epoch: '7' }, 409],
  ['a backfill from the side that does not own', '/flows/r.notifications/backfill', { tenant: '*', epoch: 1 }, 409],
  ['an epoch that is no number', '/flows/f.notifications/backfill', { tenant: '*', epoch: '1; drop' }, 400],
])('refused: %s', async (_what, path, body, status) => {
  expect((await post(path, body)).status).toBe(status);
});

test('malformed JSON is the caller’s mistake', async () => {
  const response = await fetch(`${base}/verify`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
  expect(response.status).toBe(400);
});

test('a backfill is asked for once', async () => {
  expect(await post('/flows/f.notifications/backfill', { tenant: '*', epoch: '1' })).toMatchObject({ status: 202 });
  expect(await post('/flows/f.notifications/backfill', { tenant: '*', epoch: '1' })).toMatchObject({ status: 409 });
});

test('settings are read at once, all mistakes together', () => {
  expect(() => readConfig({ CDC_PORT: 'x', CONNECT_URL: 'nowhere' })).toThrow(/CDC_PORT[\s\S]*CDC_LEGACY_DATABASE_URL[\s\S]*CONNECT_URL/);
});

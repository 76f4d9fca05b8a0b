import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryLedger, memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway, testerSecret } from './support/running-gateway.ts';

let ledger: MemoryLedger;
let gateway: RunningGateway;

beforeEach(async () => {
  ledger = memoryLedger(notificationsPlan(), { phase: 'canary', splitBasisPoints: 10_000 });
  gateway = await runningGateway(ledger, { random: () => 1 });
});
afterEach(() => gateway.close());

const ask = async (path: string, init?: RequestInit) => {
  const answer = await fetch(gateway.adminUrl + path, init);
  return { status: answer.status, body: await answer.text() };
};
const pin = (body: unknown) => ask('/pin', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

async function whyOfRead(): Promise<string | null> {
  const headers = { 'x-gw-tester': testerSecret, 'x-stack-project-id': 'p1' };
  return (await fetch(`${gateway.url}/api/v1/emails/outbox`, { headers })).headers.get('x-gw-why');
}

test('live, ready and metrics answer; clients reach none of them', async () => {
  expect((await ask('/livez')).status).toBe(200);
  expect(JSON.parse((await ask('/readyz')).body)).toMatchObject({ ready: true });
  expect((await ask('/metrics')).body).toContain('gw_inflight');
  for (const path of ['/livez', '/readyz', '/metrics', '/state', '/explain', '/pin'])
    expect((await fetch(gateway.url + path)).status).toBe(404);
});

test('explain tells the decision and the facts behind it, and sends nothing', async () => {
  const query = new URLSearchParams({ method: 'POST', path: '/api/v1/emails/send-email', project: 'p1' });
  const explained = JSON.parse((await ask(`/explain?${query}`)).body);
  expect(explained).toMatchObject({
    decision: { kind: 'forward', upstream: 'legacy', why: 'owner', epoch: '1' },
    facts: { effect: 'write', isLeased: true },
  });
  expect((await ask('/explain?path=//x')).status).toBe(400);
  expect(JSON.parse((await ask('/explain?path=/service/version')).body).decision).toMatchObject({ kind: 'refuse', status: 404 });
  expect(gateway.legacy.seen).toEqual([]);
});

test('a pin moves reads at once, and goes away again', async () => {
  await waitFor('in cohort', async () => (await whyOfRead()) === 'in-cohort');
  expect((await pin({ slice: 'notifications', side: 'legacy' })).status).toBe(200);
  expect(await whyOfRead()).toBe('pinned');
  expect((await ask('/pin?slice=notifications', { method: 'DELETE' })).status).toBe(200);
  expect(await whyOfRead()).toBe('in-cohort');
});

test.each([
  [{ slice: 'notifications', side: 'both' }, 400],
  [{ side: 'legacy' }, 400],
  [{ slice: 'unheard-of', side: 'legacy' }, 404],
])('a pin of %j is refused', async (body, status) => {
  expect((await pin(body)).status).toBe(status);
  expect(JSON.parse((await ask('/state')).body).pins).toEqual({});
});

test('state shows the table, the units, the holds, the lease and the positions', async () => {
  ledger.change({ move: 'holding' });
  expect(JSON.parse((await ask('/state')).body)).toMatchObject({
    stage: 'serving',
    table: { revision: '1' },
    ledger: { revision: '2', units: [{ slice: 'notifications', move: 'holding', epoch: '1' }] },
    lease: { isLeased: true },
    writesInFlight: [{ slice: 'notifications', writes: 0 }],
    positions: [{ slice: 'notifications', isWatching: true }],
  });
});

test('a plan with mistakes is refused and the last good table stays', async () => {
  ledger.publish(notificationsPlan({ upstream: 'nowhere' }));
  expect(JSON.parse((await ask('/state')).body).table.revision).toBe('1');
  expect((await fetch(`${gateway.url}/api/v1/emails/outbox`)).status).toBe(200);
  ledger.publish(notificationsPlan({ routes: [{ method: 'GET', path: '/emails/outbox', effect: 'read' }] }));
  expect(JSON.parse((await ask('/state')).body).table.revision).toBe('3');
});

test('failpoints are served in development only', async () => {
  expect((await ask('/failpoints')).status).toBe(200);
  const production = await runningGateway(memoryLedger(notificationsPlan()), { env: { ATLAS_ENVIRONMENT: 'production' } });
  expect((await fetch(`${production.adminUrl}/failpoints`)).status).toBe(404);
  await production.close();
});

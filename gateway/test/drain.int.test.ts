import { waitFor } from '@atlas/kit/testing';
import { expect, test } from 'vitest';
import { memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway } from './support/running-gateway.ts';

async function draining(): Promise<{ gateway: RunningGateway; finish: () => void; slow: Promise<Response> }> {
  const gateway = await runningGateway(memoryLedger(notificationsPlan()), { env: { GATEWAY_DRAIN_GRACE_MS: '300' } });
  let finish: () => void = () => {};
  gateway.legacy.handle((seen, res) => {
    if (seen.url !== '/api/v1/slow') return void res.end('{}');
    finish = () => res.end('{"slow":true}');
  });
  const slow = fetch(`${gateway.url}/api/v1/slow`);
  await waitFor('arrived', () => gateway.legacy.seen.length === 1);
  return { gateway, finish: () => finish(), slow };
}

test('a gateway that leaves is first not ready and serves, then closes connections, and ends when nothing is under way', async () => {
  const { gateway, finish, slow } = await draining();
  let isStopped = false;
  const stopped = gateway.stopGateway().then(() => {
    isStopped = true;
  });
  const ready = await fetch(`${gateway.adminUrl}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, stage: 'leaving' }]);
  expect((await fetch(`${gateway.url}/api/v1/users/me`)).status).toBe(200);
  await waitFor('closing', async () => (await (await fetch(`${gateway.adminUrl}/readyz`)).text()).includes('closing'));
  expect(isStopped).toBe(false);
  finish();
  expect(await (await slow).json()).toEqual({ slow: true });
  await stopped;
  await expect(fetch(`${gateway.url}/health`)).rejects.toThrow();
  await gateway.close();
});

test('a gateway without a ledger and without a plan is not ready and asks slice clients to come back, while the rest is served', async () => {
  const gateway = await runningGateway(memoryLedger(null, null));
  expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(503);
  expect((await fetch(`${gateway.url}/api/v1/users/me`)).status).toBe(200);
  await gateway.close();
});

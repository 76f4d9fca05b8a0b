import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryLedger, memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway } from './support/running-gateway.ts';

let ledger: MemoryLedger;
let gateway: RunningGateway;
const answers = { legacy: {} as unknown, extracted: {} as unknown };

beforeEach(async () => {
  ledger = memoryLedger(notificationsPlan(), { phase: 'shadow' });
  gateway = await runningGateway(ledger);
  answers.legacy = { items: [{ enabled: true, email: 'a@example.com' }] };
  answers.extracted = { items: [{ email: 'a@example.com', enabled: true }] };
  gateway.legacy.handle((_seen, res) => void res.end(JSON.stringify(answers.legacy)));
  gateway.extracted.handle((_seen, res) => void res.end(JSON.stringify(answers.extracted)));
});
afterEach(() => gateway.close());

const read = async () => (await fetch(`${gateway.url}/api/v1/emails/outbox?limit=2`, { headers: { 'x-stack-access-token': 't' } })).json();
const evidence = (label: string) => waitFor(label, () => ledger.evidence.at(-1), { timeoutMs: 5_000 });

test('the control answers the client, the candidate is asked the same, and equal answers pass', async () => {
  for (let index = 0; index < 3; index += 1) expect(await read()).toEqual(answers.legacy);
  expect(await evidence('row')).toMatchObject({
    kind: 'shadow',
    subject: 'notifications',
    verdict: 'pass',
    value: { samples: 3, mismatches: 0 },
  });
  expect(gateway.extracted.seen[0]).toMatchObject({
    method: 'GET',
    url: '/api/v1/emails/outbox?limit=2',
    headers: { 'x-stack-access-token': 't', 'x-gw-epoch': 'notifications=1' },
  });
});

test('a difference that stays is a mismatch, told by its path and without its value', async () => {
  answers.extracted = { items: [{ email: 'b@example.com', enabled: true }] };
  await read();
  await read();
  const row = await evidence('row');
  expect(row).toMatchObject({ verdict: 'fail', value: { samples: 2, mismatches: 2, paths: ['items[].email'] } });
  expect(JSON.stringify(row)).not.toContain('example.com');
});

test('a difference that is gone once the candidate has caught up is explained by lag', async () => {
  answers.extracted = { items: [] };
  gateway.extracted.handle((_seen, res) => {
    res.end(JSON.stringify(answers.extracted));
    answers.extracted = answers.legacy;
  });
  await read();
  expect(await evidence('row')).toMatchObject({ value: { samples: 1, mismatches: 0, ignored: 1, lag: 1 } });
});

test('a candidate seen while a value went away and came back is not blamed for it', async () => {
  let looks = 0;
  gateway.extracted.handle((_seen, res) => {
    looks += 1;
    const isAway = looks <= 2;
    res.end(JSON.stringify(isAway ? { items: [{ enabled: false, email: 'a@example.com' }] } : answers.legacy));
  });
  await read();
  expect(await evidence('row')).toMatchObject({ value: { samples: 1, mismatches: 0, lag: 1 } });
});

test('a control that keeps changing proves nothing', async () => {
  let count = 0;
  gateway.legacy.handle((_seen, res) => {
    count += 1;
    res.end(JSON.stringify({ count }));
  });
  await read();
  expect(await evidence('row')).toMatchObject({ verdict: 'unknown', value: { samples: 0, mismatches: 0, ignored: 1, unstable: 1 } });
});

test('a candidate that is away fails the shadow and no client', async () => {
  await gateway.extracted.close();
  expect(await read()).toEqual(answers.legacy);
  expect(await read()).toEqual(answers.legacy);
  expect(await evidence('row')).toMatchObject({ verdict: 'fail', value: { samples: 2, mismatches: 2, errors: 2 } });
});

test('writes are never mirrored, and nothing is mirrored outside the phases of a trial', async () => {
  await fetch(`${gateway.url}/api/v1/emails/send-email`, { method: 'POST', body: '{}' });
  ledger.change({ phase: 'replicating' });
  await read();
  ledger.change({ phase: 'shadow' });
  await read();
  await evidence('row');
  expect(gateway.extracted.seen.map((seen) => seen.method)).toEqual(['GET']);
});

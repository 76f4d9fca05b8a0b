import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryLedger, memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway } from './support/running-gateway.ts';

let ledger: MemoryLedger;
let gateway: RunningGateway;

beforeEach(async () => {
  ledger = memoryLedger(notificationsPlan({ move: { holdMsMax: 2_000, heldRequestsMax: 5, heldBytesMax: 1_000_000 } }), {
    phase: 'canary',
  });
  gateway = await runningGateway(ledger, { env: { GATEWAY_HOLD_DEADLINE_MS: '1500' } });
});
afterEach(() => gateway.close());

const send = (subject: string, init: RequestInit = {}) =>
  fetch(`${gateway.url}/api/v1/emails/send-email`, {
    method: 'POST',
    body: JSON.stringify({ subject }),
    headers: { 'content-type': 'application/json' },
    ...init,
  });
const read = () => fetch(`${gateway.url}/api/v1/emails/outbox`);
const subjects = (side: 'legacy' | 'extracted') =>
  gateway[side].seen.filter((seen) => seen.method === 'POST').map((seen) => JSON.parse(seen.body).subject);

type State = { holds: { key: string; requests: number }[]; writesInFlight: { writes: number }[] };

async function state(): Promise<State> {
  return (await (await fetch(`${gateway.adminUrl}/state`)).json()) as State;
}

async function held(): Promise<number> {
  return (await state()).holds.find(({ key }) => key === 'notifications write')?.requests ?? 0;
}

test('writes that come during a move wait, then go to the new owner in the order they came, with its epoch', async () => {
  ledger.change({ move: 'holding' });
  const answers: Promise<Response>[] = [];
  for (let index = 0; index < 5; index += 1) {
    answers.push(send(`m${index}`));
    await waitFor('held', async () => (await held()) === index + 1);
  }
  expect(gateway.legacy.seen).toEqual([]);
  ledger.change({ move: 'committed', owner: 'extracted', phase: 'extracted', epoch: 2n });
  ledger.change({ reads: 'extracted' });
  expect(await held()).toBe(5);
  ledger.change({ move: null });
  const statuses = (await Promise.all(answers)).map((answer) => answer.status);
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  expect(subjects('extracted')).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
  expect(gateway.extracted.seen.map((seen) => seen.headers['x-gw-epoch'])).toEqual(Array.from({ length: 5 }, () => 'notifications=2'));
  expect(subjects('legacy')).toEqual([]);
});

test('when a move is aborted held writes go to the old owner', async () => {
  ledger.change({ move: 'holding' });
  const answer = send('m');
  await waitFor('held', async () => (await held()) === 1);
  ledger.change({ move: 'aborting', epoch: 3n });
  ledger.change({ move: null });
  expect((await answer).status).toBe(200);
  expect(subjects('legacy')).toEqual(['m']);
  expect(gateway.legacy.seen[0]?.headers['x-gw-epoch']).toBe('notifications=3');
});

test('reads go on during a move', async () => {
  ledger.change({ move: 'holding' });
  expect(await (await read()).json()).toEqual({ from: 'legacy' });
});

test('a write past its deadline is answered 429 with Retry-After and reaches nobody, not even later', async () => {
  ledger.change({ move: 'holding' });
  const answer = await send('late');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  ledger.change({ move: null });
  await send('next');
  expect(subjects('legacy')).toEqual(['next']);
});

test('a held write whose client left is dropped and counted, and reaches nobody', async () => {
  ledger.change({ move: 'holding' });
  const leaving = new AbortController();
  const answer = send('left', { signal: leaving.signal }).catch((error: Error) => error.name);
  await waitFor('held', async () => (await held()) === 1);
  leaving.abort();
  expect(await answer).toBe('AbortError');
  await waitFor('dropped', async () => (await held()) === 0);
  ledger.change({ move: null });
  await send('next');
  expect(subjects('legacy')).toEqual(['next']);
  expect(await (await fetch(`${gateway.adminUrl}/metrics`)).text()).toContain('gw_held_dropped_total{slice="notifications"} 1');
});

test('more than the queue may hold is asked to come back at once', async () => {
  ledger.change({ move: 'holding' });
  const answers = Array.from({ length: 6 }, (_, index) => send(`m${index}`));
  const first = await Promise.race(answers);
  expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1']);
  ledger.change({ move: null });
  const statuses = (await Promise.all(answers)).map((answer) => answer.status).sort();
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
});

test('a write the owner did not execute goes to the new owner, before later ones, and its client never learns of it', async () => {
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(503, { 'x-gw-not-executed': 'NOT_OWNER' });
    res.end('no');
  });
  ledger.changeUnseen({ owner: 'extracted', reads: 'extracted', phase: 'extracted', epoch: 2n });
  const answer = await send('m');
  expect([answer.status, await answer.json()]).toEqual([200, { from: 'extracted' }]);
  expect([...answer.headers.keys()].filter((name) => name.startsWith('x-gw-'))).toEqual([]);
  expect(subjects('legacy')).toEqual(['m']);
  expect(subjects('extracted')).toEqual(['m']);
});

test('while the ledger says nothing new a refused write is tried again until the owner takes it', async () => {
  let refusals = 0;
  gateway.legacy.handle((_seen, res) => {
    refusals += 1;
    if (refusals <= 3) res.writeHead(503, { 'x-gw-not-executed': 'NOT_OWNER' });
    res.end('{}');
  });
  expect((await send('m')).status).toBe(200);
  expect(subjects('legacy')).toEqual(['m', 'm', 'm', 'm']);
});

test('a write that nobody executes until the deadline is answered 429, also with the control database away', async () => {
  ledger.setReachable(false);
  gateway.legacy.handle((_seen, res) => {
    res.writeHead(503, { 'x-gw-not-executed': 'EPOCH_TOO_OLD' });
    res.end();
  });
  const answer = await send('m');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  const tries = subjects('legacy').length;
  expect(tries).toBeGreaterThan(2);
  expect(tries).toBeLessThan(40);
});

test('the hold is acknowledged as drained only when the writes before it have come back', async () => {
  let finish: () => void = () => {};
  gateway.legacy.handle((_seen, res) => {
    finish = () => res.end('{}');
  });
  const answer = send('slow');
  await waitFor('in flight', async () => (await state()).writesInFlight[0]?.writes === 1);
  const before = ledger.view()?.revision ?? 0n;
  ledger.change({ move: 'holding' });
  expect(ledger.drained).toBe(before);
  finish();
  await answer;
  expect(ledger.drained).toBe(before + 1n);
});

test('a write in flight whose client left still counts until its outcome is known', async () => {
  let finish: () => void = () => {};
  gateway.legacy.handle((_seen, res) => {
    finish = () => res.end('{}');
  });
  const leaving = new AbortController();
  const answer = send('slow', { signal: leaving.signal }).catch((error: Error) => error.name);
  await waitFor('in flight', async () => (await state()).writesInFlight[0]?.writes === 1);
  leaving.abort();
  await answer;
  ledger.change({ move: 'holding' });
  expect((await state()).writesInFlight[0]?.writes).toBe(1);
  const held = ledger.view()?.revision;
  expect(ledger.drained).not.toBe(held);
  finish();
  await waitFor('drained', () => ledger.drained === held);
});

test('the mutant of the audit: an armed leak executes a held write on both sides', async () => {
  await fetch(`${gateway.adminUrl}/failpoints`, {
    method: 'POST',
    body: '{"name":"gateway.hold.leak","action":"trigger"}',
    headers: { 'content-type': 'application/json' },
  });
  ledger.change({ move: 'holding' });
  const answer = send('twice');
  await waitFor('leaked', () => subjects('legacy').length === 1);
  ledger.change({ move: null, owner: 'extracted', reads: 'extracted', phase: 'extracted', epoch: 2n });
  expect((await answer).status).toBe(200);
  expect([subjects('legacy'), subjects('extracted')]).toEqual([['twice'], ['twice']]);
});

test('reads wait while the lease is lost in a move, and go on when it is back', async () => {
  ledger.change({ move: 'holding' });
  ledger.setLeased(false);
  const answer = read();
  await waitFor('held', async () => (await state()).holds.some(({ key, requests }) => key === 'notifications read' && requests === 1));
  expect(gateway.legacy.seen).toEqual([]);
  ledger.setLeased(true);
  expect(await (await answer).json()).toEqual({ from: 'legacy' });
});

test('a body over 1 MiB is refused with 413 before anything is forwarded, and just under it is not', async () => {
  const over = await send('', { body: 'x'.repeat(1024 * 1024 + 1) });
  const under = await send('', { body: JSON.stringify({ subject: 'u', html: 'x'.repeat(1024 * 1024 - 100) }) });
  expect([over.status, under.status]).toEqual([413, 200]);
  expect(subjects('legacy')).toEqual(['u']);
});

import { waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bucketOf } from '../src/decide/bucket.ts';
import type { Applied } from '../src/watermark/positions.ts';
import { type MemoryLedger, memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, runningGateway, testerSecret } from './support/running-gateway.ts';

let ledger: MemoryLedger;
let gateway: RunningGateway;
let position: bigint | Error;
let applied: Applied;
let asked: number;
let splitPercent: number | null;

beforeEach(async () => {
  position = 100n;
  applied = { incarnation: 1, lsn: 100n, blockedTenants: 0 };
  asked = 0;
  splitPercent = null;
  ledger = memoryLedger(notificationsPlan(), { phase: 'canary', splitBasisPoints: 10_000 });
  gateway = await runningGateway(ledger, {
    flags: { splitPercent: () => splitPercent, ageMs: () => 0, start: async () => {}, stop: async () => {} },
    random: () => 1,
    source: {
      position: async () => {
        asked += 1;
        if (position instanceof Error) throw position;
        return position;
      },
      applied: async () => applied,
    },
  });
  await waitFor('floor known', async () => (await read('p1')).why === 'in-cohort');
});
afterEach(() => gateway.close());

/** A token nobody signed: the gateway reads only its user, to choose the bucket. */
const tokenOf = (user: string) => `e30.${Buffer.from(JSON.stringify({ sub: user })).toString('base64url')}.x`;

async function read(project: string, user = 'u', headers: Record<string, string> = {}) {
  const answer = await fetch(`${gateway.url}/api/v1/emails/outbox`, {
    headers: { 'x-gw-tester': testerSecret, 'x-stack-project-id': project, 'x-stack-access-token': tokenOf(user), ...headers },
  });
  return { side: answer.headers.get('x-gw-upstream'), why: answer.headers.get('x-gw-why') };
}

const write = (path: string, init: RequestInit = {}) => fetch(`${gateway.url}/api/v1${path}`, { method: 'POST', body: '{}', ...init });

test('a user in the cohort reads from the service', async () => {
  expect(await read('p1')).toEqual({ side: 'extracted', why: 'in-cohort' });
});

test.each([
  ['a write of the slice', '/emails/send-email'],
  ['a write of any other route', '/users'],
])('after %s its tenant reads from the owner until the service has applied it, and others do not wait', async (_label, path) => {
  position = 200n;
  expect((await write(path, { headers: { 'x-hexclave-project-id': 'p1' } })).status).toBe(200);
  expect(await read('p1')).toEqual({ side: 'legacy', why: 'behind-watermark' });
  expect(await read('p2')).toEqual({ side: 'extracted', why: 'in-cohort' });
  applied = { incarnation: 1, lsn: 200n, blockedTenants: 0 };
  expect(await read('p1')).toEqual({ side: 'extracted', why: 'in-cohort' });
});

test('another branch of a project is another tenant', async () => {
  position = 200n;
  await write('/users', { headers: { 'x-stack-project-id': 'p1', 'x-stack-branch-id': 'dev' } });
  expect((await read('p1')).side).toBe('extracted');
  expect((await read('p1', 'u', { 'x-stack-branch-id': 'dev' })).why).toBe('behind-watermark');
});

test('a token refresh names its project in the form, and only that tenant waits', async () => {
  position = 200n;
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'p1', refresh_token: 'x' });
  expect((await write('/auth/oauth/token', { body: form })).status).toBe(200);
  expect(gateway.legacy.seen.at(-1)?.body).toBe(form.toString());
  expect((await read('p1')).why).toBe('behind-watermark');
  expect((await read('p2')).side).toBe('extracted');
});

test('a write of nobody in particular makes everybody wait', async () => {
  position = 200n;
  await write('/auth/cli');
  expect((await read('p1')).why).toBe('behind-watermark');
  expect((await read('p2')).why).toBe('behind-watermark');
});

test('a read and a preflight note nothing', async () => {
  const before = asked;
  await fetch(`${gateway.url}/api/v1/users/me`);
  await fetch(`${gateway.url}/api/v1/users`, { method: 'OPTIONS' });
  expect(asked).toBe(before);
});

test('a write whose position cannot be read still gets its answer, and everyone reads from the owner', async () => {
  position = new Error('away');
  expect((await write('/users', { headers: { 'x-stack-project-id': 'p1' } })).status).toBe(200);
  expect((await read('p1')).why).toBe('behind-watermark');
  expect((await read('p2')).why).toBe('behind-watermark');
});

test('a write of the slice tells the owner the tenant position, and outside the phases of a copy nothing is asked', async () => {
  position = 200n;
  await write('/emails/send-email', { headers: { 'x-stack-project-id': 'p1' } });
  await write('/emails/send-email', { headers: { 'x-stack-project-id': 'p1' } });
  expect(gateway.legacy.seen.filter((seen) => seen.method === 'POST').map((seen) => seen.headers['x-gw-position'])).toEqual([
    'f.notifications@1:0/64',
    'f.notifications@1:0/C8',
  ]);
  ledger.change({ phase: 'replicating' });
  const before = asked;
  await write('/users');
  expect(asked).toBe(before);
});

test('the split is the smaller one of the flag and the ledger', async () => {
  const bucket = bucketOf('notifications', 'u');
  splitPercent = 0;
  expect((await read('p1')).why).toBe('outside-cohort');
  splitPercent = (bucket + 1) / 100;
  expect((await read('p1')).why).toBe('in-cohort');
  splitPercent = bucket / 100;
  expect((await read('p1')).why).toBe('outside-cohort');
  splitPercent = 100;
  ledger.change({ splitBasisPoints: bucket });
  expect((await read('p1')).why).toBe('outside-cohort');
});

test('with a second gateway leased, or without a lease, nobody is in the cohort: positions are not shared', async () => {
  ledger.setGatewaysLeased(2);
  expect((await read('p1')).why).toBe('outside-cohort');
  ledger.setGatewaysLeased(1);
  ledger.setLeased(false);
  expect((await read('p1')).why).toBe('outside-cohort');
  ledger.setLeased(true);
  expect((await read('p1')).why).toBe('in-cohort');
});

test('a tester may ask for a side; a stranger may not', async () => {
  expect(await read('p1', 'u', { 'x-gw-override': 'legacy' })).toEqual({ side: 'legacy', why: 'override' });
  await read('p1', 'u', { 'x-gw-override': 'legacy', 'x-gw-tester': 'guess' });
  expect(gateway.extracted.seen.at(-1)?.method).toBe('GET');
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFlagClient, type FlagClient } from '../src/client.ts';

/** Stands in for Unleash's client API: answers what a test sets. */
let server: Server;
let url: string;
let status: number;
let features: unknown[];
let folder: string;
let clients: FlagClient[];
const warnings: string[] = [];
const log = { info: () => {}, warn: (facts: { trouble?: string }, message: string) => void warnings.push(`${message}: ${facts.trouble}`) };

beforeEach(async () => {
  status = 200;
  features = [flag('migrate.notifications', 'shadow', 'string'), flag('split.notifications', '25', 'number')];
  warnings.length = 0;
  clients = [];
  folder = await mkdtemp(join(tmpdir(), 'atlas-flags-'));
  server = createServer((_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ version: 2, features }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function start(): Promise<FlagClient> {
  const client = createFlagClient({ url, token: 't', appName: 'test', log, intervalMs: 100, snapshotFile: join(folder, 'flags.json') });
  clients.push(client);
  await client.start();
  return client;
}

function flag(name: string, value: string, type: string) {
  const variants = [{ name: value, weight: 1000, payload: { type, value } }];
  return { name, enabled: true, strategies: [{ name: 'flexibleRollout', parameters: { rollout: '100' }, constraints: [], variants }] };
}

async function until(read: () => boolean): Promise<void> {
  const deadline = performance.now() + 12_000;
  while (!read()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${read}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a change in Unleash is read, and told to listeners', async () => {
  const client = await start();
  let changes = 0;
  client.onChange(() => {
    changes += 1;
  });
  await until(() => client.readWanted('notifications')?.phase === 'shadow');
  features = [flag('migrate.notifications', 'canary', 'string'), flag('split.notifications', '25', 'number')];
  await until(() => client.readWanted('notifications')?.phase === 'canary');
  expect(changes).toBeGreaterThanOrEqual(2);
  expect(client.ageMs()).toBeLessThan(5_000);
});

test('a document that drops known flags is refused: the last good wish stands', async () => {
  const client = await start();
  await until(() => client.readWanted('notifications')?.phase === 'shadow');
  features = [];
  await until(() => warnings.includes('flags not read: document refused: it drops most known flags'));
  expect(client.readWanted('notifications')).toMatchObject({ phase: 'shadow', split: 25 });
});

test('with Unleash down a start knows what the disk knows', async () => {
  const first = await start();
  await until(() => first.readWanted('notifications')?.phase === 'shadow');
  await first.stop();
  status = 500;
  const second = await start();
  expect(second.readWanted('notifications')).toMatchObject({ phase: 'shadow', split: 25 });
  expect(second.ageMs()).toBe(Number.POSITIVE_INFINITY);
});

test.each([401, 403, 500])('after a %i it goes on asking, and reads again', async (answer) => {
  status = answer;
  const client = await start();
  await until(() => warnings.includes(`flags not read: Unleash answers ${answer}`));
  expect(client.readWanted('notifications')).toBeNull();
  status = 200;
  await until(() => client.readWanted('notifications')?.phase === 'shadow');
});

test('a document that is none changes nothing', async () => {
  const client = await start();
  await until(() => client.readWanted('notifications')?.phase === 'shadow');
  features = [{ name: 'migrate.notifications' }, { name: 'split.notifications' }];
  await until(() => warnings.length > 0);
  expect(client.readWanted('notifications')).toMatchObject({ phase: 'shadow' });
});

test('a stop in the middle of a request is clean', async () => {
  const client = await start();
  await client.stop();
  expect(warnings).toEqual([]);
});

test('a snapshot that is no snapshot stops the start with the file’s name', async () => {
  await writeFile(join(folder, 'flags.json'), '{"broken');
  await expect(start()).rejects.toThrow('flags.json');
});

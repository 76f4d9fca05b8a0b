import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type TestDatabase, waitFor } from '@atlas/kit/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { controlDatabase } from './support/control-database.ts';
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts';

// A process starts in half a second of CPU; a busy machine may take its time to give it.
vi.setConfig({ testTimeout: 120_000 });

let control: TestDatabase;
let legacy: FakeUpstream;
let extracted: FakeUpstream;
let folder: string;
let child: ChildProcess;
let output: string;
let ports: { public: number; admin: number };

beforeEach(async () => {
  control = await controlDatabase('canary');
  [legacy, extracted] = await Promise.all([fakeUpstream('legacy'), fakeUpstream('extracted')]);
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  ports = { public: await freePort(), admin: await freePort() };
});
afterEach(async () => {
  child.kill('SIGKILL');
  await Promise.all([legacy.close(), extracted.close(), control.drop(), rm(folder, { recursive: true })]);
});

function run(env: Record<string, string> = {}): void {
  output = '';
  child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ATLAS_ENVIRONMENT: 'development',
      GATEWAY_PORT: String(ports.public),
      GATEWAY_ADMIN_PORT: String(ports.admin),
      GATEWAY_CONTROL_DATABASE_URL: control.url,
      GATEWAY_LEGACY_DATABASE_URL: control.url,
      GATEWAY_NOTIFICATIONS_DATABASE_URL: control.url,
      GATEWAY_LEGACY_URL: legacy.url,
      GATEWAY_NOTIFICATIONS_URL: extracted.url,
      GATEWAY_SNAPSHOT_FILE: join(folder, 'snapshot.json'),
      GATEWAY_DRAIN_GRACE_MS: '100',
      ...env,
    },
  });
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    output += chunk;
  });
}

const isReady = async () => (await fetch(`http://127.0.0.1:${ports.admin}/readyz`)).status === 200;
const patient = { timeoutMs: 60_000 };
const exit = () => new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

test('the process serves, logs requests without what must stay secret, keeps a pin over a restart, and leaves with 0', async () => {
  run();
  await waitFor('ready', isReady, patient);
  await fetch(`http://127.0.0.1:${ports.public}/api/v1/users/me?code=querysecret`, {
    headers: { 'x-stack-access-token': 'tokensecret', authorization: 'authsecret' },
  });
  await fetch(`http://127.0.0.1:${ports.public}/api/v1/users`, { method: 'POST', body: 'bodysecret' });
  const pin = { method: 'POST', body: '{"slice":"notifications","side":"legacy"}', headers: { 'content-type': 'application/json' } };
  expect((await fetch(`http://127.0.0.1:${ports.admin}/pin`, pin)).status).toBe(200);
  await waitFor('log', () => output.split('"msg":"request"').length === 3);
  expect(output).toContain('"path":"/api/v1/users/me"');
  expect(output).not.toMatch(/querysecret|tokensecret|authsecret|bodysecret/);
  const exited = exit();
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  run();
  await waitFor('ready again', isReady, patient);
  const explained = await (await fetch(`http://127.0.0.1:${ports.admin}/explain?path=/api/v1/emails/outbox`)).text();
  expect(explained).toContain('"why": "pinned"');
});

test('POST /drain is the way of SIGTERM', async () => {
  run();
  await waitFor('ready', isReady, patient);
  const exited = exit();
  expect((await fetch(`http://127.0.0.1:${ports.admin}/drain`, { method: 'POST' })).status).toBe(202);
  expect(await exited).toBe(0);
});

test('settings that are missing or wrong are all named at once', async () => {
  run({ GATEWAY_LEGACY_URL: 'nowhere', GATEWAY_SNAPSHOT_FILE: '', GATEWAY_DRAIN_GRACE_MS: '-1' });
  expect(await exit()).not.toBe(0);
  for (const name of ['GATEWAY_LEGACY_URL', 'GATEWAY_SNAPSHOT_FILE', 'GATEWAY_DRAIN_GRACE_MS']) expect(output).toContain(name);
});

test('a pin file that cannot be read stops the start and is named', async () => {
  await writeFile(join(folder, 'gateway-pins.json'), '{"notifications":"both"}');
  run();
  expect(await exit()).toBe(1);
  expect(output).toContain('gateway-pins.json');
});

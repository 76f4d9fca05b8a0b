import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@atlas/kit/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serviceToken } from './fake-legacy.ts';
import { call, publicUrl, type Service, startService } from './service.ts';

/** Starting Node takes a second, and far longer beside a whole test run on two cores. */
const startTimeoutMs = 60_000;
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

// The tables, the fakes and requests come from `service`; the process under test is a real one beside it.
let service: Service;
let processes: ChildProcess[] = [];
let project: { id: string; tenancyId: string };
beforeAll(async () => {
  service = await startService();
  await service.own();
});
afterAll(() => service.close());
beforeEach(async () => {
  project = await service.project();
  service.mailServer.accepted.length = 0;
});
afterEach(async () => {
  for (const child of processes) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  processes = [];
});

async function startProcess(
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; url: string; exit: Promise<[number | null, string | null]>; errors(): string }> {
  const port = await freePort();
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      NOTIFICATIONS_PORT: String(port),
      NOTIFICATIONS_DATABASE_URL: service.databaseUrl,
      NOTIFICATIONS_KEY_OWNER_URL: service.legacy.url,
      NOTIFICATIONS_SERVICE_TOKEN: serviceToken,
      ATLAS_PUBLIC_URL: publicUrl,
      SMTP_URL: service.mailServer.url,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  processes.push(child);
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const url = `http://127.0.0.1:${port}`;
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += String(text);
  });
  return { child, url, exit, errors: () => errors };
}

const untilReady = (url: string) =>
  waitFor('ready', async () => (await fetch(`${url}/readyz`)).status === 200, { timeoutMs: startTimeoutMs });

async function sendOne(): Promise<void> {
  const user = await service.user(project.tenancyId);
  const body = { user_ids: [user.id], html: 'x', subject: 's' };
  expect((await call(service, { method: 'POST', path: '/api/v1/emails/send-email', projectId: project.id, body })).status).toBe(200);
}

const outcome = async () =>
  (await service.admin.query<{ outcome: string | null }>('select outcome from mail_outbox where tenancy_id = $1', [project.tenancyId]))
    .rows[0]?.outcome;

describe('the process', { timeout: 90_000 }, () => {
  test('tells all that is missing and does not start', async () => {
    const { exit, errors } = await startProcess({ SMTP_URL: '', ATLAS_PUBLIC_URL: '' });
    expect((await exit)[0]).toBe(1);
    expect(errors()).toContain('ATLAS_PUBLIC_URL is missing\n  - SMTP_URL is missing');
  });

  test('finishes the request under way when it is told to stop, then ends with 0', async () => {
    const { child, url, exit } = await startProcess({ NOTIFICATIONS_WORKER: 'off' });
    await untilReady(url);
    const user = await service.user(project.tenancyId);
    const flow = await service.admin.connect();
    await flow.query('begin');
    await flow.query('select 1 from ref_user where project_user_id = $1 for update', [user.id]);
    const path = `/api/v1/emails/notification-preference/${user.id}/4f6f8873-3d04-46bd-8bef-18338b1a1b4c`;
    const pending = call({ url }, { method: 'PATCH', path, projectId: project.id, body: { enabled: false } });
    await waitFor('the request waits', async () => (await service.admin.query('select 1 from pg_locks where not granted')).rowCount);
    child.kill('SIGTERM');
    await waitFor('no new connection', async () => (await fetch(`${url}/livez`).catch(() => undefined)) === undefined);
    await flow.query('commit');
    flow.release();
    expect((await pending).status).toBe(200);
    expect(await exit).toEqual([0, null]);
  });
});

describe('a process killed', { timeout: 90_000 }, () => {
  test('between claim and mail server loses nothing: the next one sends the mail, once', async () => {
    await sendOne();
    const first = await startProcess({ ATLAS_FAILPOINTS: 'mail.claimed=kill' });
    expect((await first.exit)[1]).toBe('SIGKILL');
    expect([await outcome(), service.mailServer.accepted.length]).toEqual([null, 0]);
    await startProcess();
    await waitFor('sent', async () => (await outcome()) === 'sent', { timeoutMs: startTimeoutMs });
    expect(service.mailServer.accepted).toHaveLength(1);
  });

  test('between acceptance and commit doubles that one mail, under one Message-ID (docs/limits.md)', async () => {
    await sendOne();
    const first = await startProcess({ ATLAS_FAILPOINTS: 'mail.sent=kill' });
    expect((await first.exit)[1]).toBe('SIGKILL');
    await startProcess();
    await waitFor('sent', async () => (await outcome()) === 'sent', { timeoutMs: startTimeoutMs });
    const ids = service.mailServer.accepted.map((mail) => mail.messageId);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });
});

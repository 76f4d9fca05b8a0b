import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort, waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli } from '../src/commands/cli.ts';
import { root } from './databases.ts';
import { createNeighbourhood, goodEvidence, type Neighbourhood } from './plane.ts';

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 120_000 });

let world: Neighbourhood;
let env: Record<string, string>;
let server: ChildProcess | null = null;

beforeAll(async () => {
  world = await createNeighbourhood();
  const port = await freePort();
  // Unleash is away for the whole file: nothing here needs it.
  const neighbours = { UNLEASH_URL: 'http://127.0.0.1:9', UNLEASH_TOKEN: 't', ATLAS_ENVIRONMENT: 'development' };
  env = { ...world.env, ...neighbours, MIGRATE_PORT: String(port), MIGRATE_URL: `http://127.0.0.1:${port}` };
});

afterAll(async () => {
  await stop();
  await world.close();
});

async function start(): Promise<void> {
  server = spawn(process.execPath, [`${root}packages/migrate/src/server.ts`], { env: { ...process.env, ...env }, stdio: 'ignore' });
  await waitFor('server ready', async () => (await fetch(`${env['MIGRATE_URL']}/readyz`)).ok, { timeoutMs: 30_000 });
}

async function stop(): Promise<number | null> {
  const stopping = server;
  server = null;
  if (stopping === null || stopping.exitCode !== null) return stopping?.exitCode ?? null;
  const exited = once(stopping, 'exit');
  stopping.kill('SIGTERM');
  return (await exited)[0];
}

/** The command in this process, over the server's HTTP; `spawnCli` is the real thing, once. */
async function cli(...args: string[]): Promise<{ code: number; out: string; said: string }> {
  const [out, said]: [string[], string[]] = [[], []];
  const code = await runCli(args, { env, data: (text) => void out.push(text), say: (text) => void said.push(text) });
  return { code, out: out.join('\n'), said: said.join('\n') };
}

function spawnCli(...args: string[]): Promise<{ code: number; out: string; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [`${root}packages/migrate/src/cli.ts`, ...args], { env: { ...process.env, ...env } }, (error, out, said) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, said });
    });
  });
}

test('with the server down the command says so and exits 5; --local does the work in its own process', async () => {
  expect(await spawnCli('status')).toMatchObject({ code: 5, said: expect.stringContaining('--local') });
  const { code, said } = await cli('advance', 'notifications', '--to', 'replicating', '--local');
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('legacy → replicating') });
});

test('the server carries out what the command asks, refuses bad input, and stops cleanly', async () => {
  await start();
  for (const evidence of goodEvidence()) {
    const answer = await post('/evidence', evidence);
    expect(answer.status).toBe(201);
  }
  const refused = await cli('cutover', 'notifications', '--json');
  expect(refused.code).toBe(3);
  const walked = await cli('advance', 'notifications', '--to', 'extracted', '--json', '--timeout', '60');
  expect(walked).toMatchObject({ code: 0 });
  expect(JSON.parse(walked.out)).toMatchObject({ state: 'done', heldMs: expect.any(Number) });
  expect((await cli('status')).out).toContain('extracted · owner extracted');
  expect((await cli('reverse', 'notifications')).code).toBe(0);
  expect((await cli('journal')).code).toBe(0);

  expect(await problemOf(post('/intents', { slice: 'unknown', want: 'shadow', source: 't' }))).toEqual([404, 'NOT_FOUND']);
  expect(await problemOf(post('/intents', { slice: 'notifications', want: 'retired', source: 't' }))).toEqual([400, 'BAD_REQUEST']);
  expect(await problemOf(post('/intents', { slice: 'notifications', want: 'shadow', source: 't', extra: 1 }))).toEqual([
    400,
    'BAD_REQUEST',
  ]);
  expect(await problemOf(post('/intents', '{"broken'))).toEqual([400, 'BAD_REQUEST']);
  expect(await problemOf(post('/intents', 'x'.repeat(70_000)))).toEqual([413, 'BAD_REQUEST']);
  expect(await problemOf(fetch(`${env['MIGRATE_URL']}/intents/none`))).toEqual([400, 'BAD_REQUEST']);
  expect(await (await fetch(`${env['MIGRATE_URL']}/metrics`)).text()).toContain(
    'migrate_unit_owner{slice="notifications",tenant="*",side="legacy"} 1',
  );
  expect(await stop()).toBe(0);
});

test('doctor finds a guard that was switched off, and what to do about it', async () => {
  await world.databases.admin.legacy.query('alter table "EmailOutbox" disable trigger zzz_strangler_guard');
  const { code, out } = await cli('doctor', '--local', '--json');
  await world.databases.admin.legacy.query('alter table "EmailOutbox" enable trigger zzz_strangler_guard');
  expect(code).toBe(1);
  const checks: { check: string; verdict: string; fix: string }[] = JSON.parse(out);
  expect(checks.find((each) => each.check === 'legacy database: guards')).toMatchObject({
    verdict: 'fail',
    fix: 'alter table "EmailOutbox" enable trigger zzz_strangler_guard;',
  });
  const passed = checks.filter((each) => each.verdict === 'pass').map((each) => each.check);
  expect(passed).toEqual(
    expect.arrayContaining([
      'extracted database: guards',
      'legacy database: rights',
      'legacy database: publication f_notifications',
      'role gateway',
      'journal',
      'plan',
    ]),
  );
});

function post(path: string, body: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${env['MIGRATE_URL']}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
}

async function problemOf(answer: Promise<Response>): Promise<[number, string]> {
  const response = await answer;
  return [response.status, ((await response.json()) as { code: string }).code];
}

import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planLimits } from './runner.ts';

let server: Server;
let delayMs = 0;
let status = 200;
const evidence: unknown[] = [];

beforeAll(async () => {
  server = createServer(async (req, res) => {
    const body = await text(req);
    if (req.url === '/evidence') {
      evidence.push(JSON.parse(body));
      return void res.writeHead(201).end();
    }
    const isChange = req.method === 'PATCH';
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    res.writeHead(req.url?.endsWith('sign-up') ? 200 : status, { 'content-type': 'application/json' });
    const asked = isChange ? JSON.parse(body) : {};
    res.end(JSON.stringify({ ...asked, items: [1, 2], results: [1], access_token: 't', user_id: 'u' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test('the steady script keeps its rate, meets its thresholds and leaves its figures as evidence', async () => {
  const { code, summary } = await run({ RATE: '50', SECONDS: '1' });
  expect(code).toBe(0);
  expect(summary).toMatchObject({ tool: 'atlas load runner on Node (not k6)', requests: 50, iterations: 50, errorRate: 0, unmet: [] });
  expect(evidence.at(-1)).toMatchObject({
    kind: 'load',
    subject: 'notifications',
    verdict: 'pass',
    value: { p99Ms: summary['p99Ms'], errorRate: 0 },
  });
});

test('slow answers cross the threshold: exit code 99 and failing evidence', async () => {
  delayMs = 60;
  const { code, summary } = await run({ RATE: '20', SECONDS: '1', P99_MS_MAX: '40' });
  delayMs = 0;
  expect(code).toBe(99);
  expect(String(summary['unmet'])).toContain('p(99)<=40');
  expect(evidence.at(-1)).toMatchObject({ verdict: 'fail' });
});

test('refused requests cross the threshold', async () => {
  status = 503;
  const { code, summary } = await run({ RATE: '10', SECONDS: '1' });
  status = 200;
  expect(code).toBe(99);
  expect(summary['errorRate']).toBe(1);
});

test('the limits are those of the plan, and a plan without them is an error', () => {
  const plan = 'slice: notifications\nparity:\n  maxAgeSeconds: 60\nload:\n  p99MsMax: 700\n  errorRateMax: 0.01\n  maxAgeSeconds: 3600\n';
  expect(planLimits(plan)).toEqual({ p99MsMax: 700, errorRateMax: 0.01, maxAgeSeconds: 3600 });
  expect(() => planLimits('slice: notifications\n')).toThrow('no load.p99MsMax');
});

async function run(env: Record<string, string>): Promise<{ code: number | null; summary: Record<string, unknown> }> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'runner.ts'), '--engine', 'node', '--json', join(import.meta.dirname, 'steady.ts')],
    {
      env: { ...process.env, BASE_URL: url, MIGRATE_URL: url, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const out = await text(child.stdout);
  const code = await new Promise<number | null>((resolve) =>
    child.exitCode === null ? child.once('close', resolve) : resolve(child.exitCode),
  );
  return { code, summary: JSON.parse(out) };
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

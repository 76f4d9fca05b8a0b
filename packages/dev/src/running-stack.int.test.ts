import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestJson } from '@atlas/kit/http';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { attachStack } from './attach.ts';
import { type PartEvent, Stack } from './running-stack.ts';
import { startStack } from './start-stack.ts';
import { identify, isRunning, signalTree } from './supervisor/process-table.ts';

// The mailbox stands for every part: it needs nothing else and is up in a second. Ports outside the ephemeral range.
const prefix = 621;
let stateDir: string;
let events: PartEvent[] = [];
const settings = () => ({ prefix, stateDir });
const newStack = () => new Stack(settings(), (event) => events.push(event));
const kinds = () => events.filter((event) => event.part === 'mailbox').map((event) => event.kind);

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'atlas-stack-'));
});
afterEach(async () => {
  await newStack().down();
  events = [];
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

test('a started part outlives its starter’s handle, a second start does nothing, and down ends exactly it', async () => {
  await newStack().up(['mailbox']);
  const pid = newStack().pid('mailbox');
  await newStack().up(['mailbox']);
  expect(newStack().pid('mailbox')).toBe(pid);
  expect(kinds()).toEqual(['starting', 'started', 'starting', 'running']);
  expect(newStack().rssMiB()).toBeGreaterThan(10);

  await newStack().down();
  expect(newStack().pid('mailbox')).toBeUndefined();
  expect(identify(pid ?? 0)).toBeUndefined();
});

test('a pid that now belongs to another process is never taken for a part nor signalled', () => {
  const self = identify(process.pid);
  expect(self).toBeDefined();
  const stranger = { pid: process.pid, startTime: `${self?.startTime}0` };
  expect(isRunning(stranger)).toBe(false);
  signalTree(stranger, 'SIGKILL');
  expect(identify(process.pid)).toEqual(self);
});

test('a busy port is told with its holder and the setting that moves it, and nothing is started', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(newStack().ports.mailbox, '127.0.0.1', resolve));
  try {
    await expect(newStack().up(['mailbox'])).rejects.toThrow(
      new RegExp(`port ${prefix}05 of mailbox is held by process ${process.pid} .*NEXT_PUBLIC_STACK_PORT_PREFIX`),
    );
    expect(newStack().pid('mailbox')).toBeUndefined();
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

test('another process may suspend, resume and restart a part, with settings for one run', async () => {
  const stack = await startStack({ ...settings(), only: ['mailbox'], stopOnSignal: false });
  const attached = attachStack(settings());
  attached.suspend('mailbox');
  await expect(requestJson(`${attached.url('mailbox')}/readyz`, { timeoutMs: 300 })).rejects.toThrow('no answer');
  attached.resume('mailbox');
  await attached.waitReady('mailbox');

  const before = attached.pid('mailbox');
  await attached.restart('mailbox', { env: { LOG_LEVEL: 'debug' } });
  expect(attached.pid('mailbox')).not.toBe(before);
  expect((await requestJson(`${attached.url('mailbox')}/readyz`, { timeoutMs: 2_000 })).status).toBe(200);
  await stack.stop();
});

test('a part that is kept alive is back within seconds of its death; one that shall stay down stays down', async () => {
  const stack = await startStack({
    ...settings(),
    only: ['mailbox'],
    keepAlive: ['mailbox'],
    stopOnSignal: false,
    onEvent: (event) => events.push(event),
  });
  const before = stack.pid('mailbox');
  await attachStack(settings()).kill('mailbox');
  await waitFor('the part to be back', () => kinds().includes('restarted'), { timeoutMs: 10_000 });
  expect(stack.pid('mailbox')).not.toBe(before);

  await attachStack(settings()).kill('mailbox', 'SIGKILL', { stayDown: true });
  expect(stack.fallen()).toEqual([]);
  await stack.stop();
});

test('a part that ends by itself is told with how it ended and the last lines of its log', async () => {
  const stack = await startStack({ ...settings(), only: ['mailbox'], stopOnSignal: false, onEvent: (event) => events.push(event) });
  await stack.kill('mailbox');
  await waitFor('the exit to be told', () => kinds().includes('exited'));
  const told = events.find((event) => event.kind === 'exited');
  expect(told?.text).toContain('was ended by SIGKILL');
  expect(told?.text).toContain('mailbox ready');
  await stack.stop();
});

test('a part that ends before it is ready fails the start with the end of its log', async () => {
  const stack = new Stack({ ...settings(), env: { mailbox: { SMTP_PORT: 'none' } } });
  await expect(stack.up(['mailbox'])).rejects.toThrow(/mailbox ended before it was ready.*SMTP_PORT must be a whole number/s);
});

test('a stack that was never started cannot be attached to, and an unknown part is named', () => {
  expect(() => attachStack({ prefix: 622, stateDir })).toThrow('no stack with prefix 622 was started');
  expect(() => newStack().pid('mailbx')).toThrow('there is no part "mailbx"');
});

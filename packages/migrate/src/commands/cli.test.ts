import type { DoctorCheck, StatusReport } from '@atlas/contracts/control';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { expect, test } from 'vitest';
import type { ControlApi } from '../control-api.ts';
import { createControlApi, type PlanePorts, workOn } from '../control-plane.ts';
import { MemoryLedger } from '../ports/ledger.memory.ts';
import { healthyFlow, MemoryStreams } from '../ports/streams.memory.ts';
import { testPlan, testUnit } from '../testing.memory.ts';
import { runCli } from './cli.ts';

/** Runs a command line against a control plane in memory. */
function cli(change: { unit?: ReturnType<typeof testUnit>; api?: Partial<ControlApi>; checks?: DoctorCheck[] } = {}) {
  const ledger = new MemoryLedger();
  const streams = new MemoryStreams();
  const time = { ms: 1_000_000 };
  ledger.nowMs = () => time.ms;
  ledger.units.set('notifications', change.unit ?? testUnit());
  if (change.unit?.owner === 'extracted')
    streams.fences = { legacy: { owner: 'none', epoch: 2n }, extracted: { owner: 'here', epoch: 2n } };
  const plan: Plan = { maxBlindSeconds: 600, unsliced: [], slices: [testPlan] };
  const ports: PlanePorts = {
    ledger,
    sides: { legacy: streams.side('legacy'), extracted: streams.side('extracted') },
    cdc: streams.cdc(),
    contents: { read: async () => ({ legacy: 'l', extracted: 's' }) },
    clock: {
      nowMs: () => time.ms,
      monotonicMs: () => time.ms,
      sleep: async (ms) => {
        time.ms += ms;
        for (const side of ['legacy', 'extracted'] as const) while (streams.queues[side].length > 0) streams.apply(side);
      },
    },
    failpoint: async () => {},
    log: { info: () => {}, warn: () => {} },
    flags: { readWanted: () => null, ageMs: () => 0 },
    planState: () => ({ plan, revision: 1n, mistakes: [] }),
    doctor: { groups: [async () => change.checks ?? []] },
    poke: () => {},
  };
  const api = { ...createControlApi(ports), ...change.api };
  const out: string[] = [];
  const said: string[] = [];
  const follow = (id: number, options: { timeoutMs: number; onChange(report: never): void }) =>
    workOn(ports, id, { deadlineMs: time.ms + options.timeoutMs, onChange: options.onChange as never });
  const run = async (...args: string[]) => {
    const code = await runCli(args, {
      env: {},
      data: (text) => void out.push(text),
      say: (text) => void said.push(text),
      open: async () => ({ api, follow, close: async () => {} }),
    });
    return { code, out: out.join('\n'), said: said.join('\n'), json: () => JSON.parse(out.join('\n')) };
  };
  return { run, ledger, streams, time };
}

test('status is one line a slice, and says the next command', async () => {
  const { code, out } = await cli().run('status');
  expect(code).toBe(0);
  expect(out).toBe(
    'notifications  legacy · owner legacy · lag 20 ms (p99 60) · never verified · parked 0  → pnpm migrate advance notifications',
  );
});

test('status --json is the report', async () => {
  const report = (await cli().run('status', '--json')).json() as StatusReport;
  expect(report.slices[0]).toMatchObject({
    slice: 'notifications',
    phase: 'legacy',
    owner: 'legacy',
    epoch: '1',
    next: 'pnpm migrate advance notifications',
  });
});

test('advance follows its intent to the end: 0', async () => {
  const shell = cli();
  const { code, said } = await shell.run('advance', 'notifications');
  expect(code).toBe(0);
  expect(said).toContain('legacy → replicating');
  expect(said).toContain('next: pnpm migrate advance notifications');
  expect(shell.ledger.units.get('notifications')?.phase).toBe('replicating');
});

test('advance that cannot be carried out in time goes on waiting: 4, and says for what', async () => {
  const shell = cli();
  shell.streams.flowStatus.f = { ...healthyFlow('f.notifications', 'legacy'), healthy: false, reasons: ['slot is not active'] };
  const { code, out } = await shell.run('advance', 'notifications', '--timeout', '2');
  expect(code).toBe(4);
  expect(out).toContain('slot is not active');
  expect(shell.ledger.intents[0]?.state).toBe('waiting');
});

test('cutover while a gate does not pass is refused: 3, nothing is recorded, the gate is named', async () => {
  const shell = cli({ unit: testUnit({ phase: 'canary', splitBasisPoints: 10_000 }) });
  const { code, out, said } = await shell.run('cutover', 'notifications');
  expect(code).toBe(3);
  expect(out).toContain('refused by parity, shadow, pact, load');
  expect(said).toContain('next: pnpm migrate verify notifications');
  expect(shell.ledger.intents).toEqual([]);
});

test('cutover from a phase before canary is refused with the way there: 3', async () => {
  const { code, said } = await cli().run('cutover', 'notifications');
  expect(code).toBe(3);
  expect(said).toContain('pnpm migrate advance notifications --to extracted');
});

test('reverse moves back and prints how long writes were held: 0', async () => {
  const shell = cli({
    unit: testUnit({ phase: 'extracted', owner: 'extracted', reads: 'extracted', epoch: 2n, splitBasisPoints: 10_000 }),
  });
  const { code, out } = await shell.run('reverse', 'notifications');
  expect(code).toBe(0);
  expect(out).toMatch(/held \d+ ms: hold .* fence .* release/);
  expect(shell.ledger.units.get('notifications')).toMatchObject({ owner: 'legacy', phase: 'replicating' });
});

test('reverse of what the legacy owns already does nothing: 0', async () => {
  const { code, out } = await cli().run('reverse', 'notifications');
  expect(code).toBe(0);
  expect(out).toContain('legacy owns it already');
});

test('a move that aborts: 1, with its reason', async () => {
  const shell = cli({ unit: testUnit({ phase: 'extracted', owner: 'extracted', reads: 'extracted', epoch: 2n }) });
  shell.streams.isClean = false;
  const { code, out } = await shell.run('reverse', 'notifications');
  expect(code).toBe(1);
  expect(out).toContain('reverse aborted at catch-up');
});

test('--dry-run lists steps and gates and changes nothing', async () => {
  const shell = cli();
  const { code, out } = await shell.run('advance', 'notifications', '--to', 'extracted', '--dry-run');
  expect(code).toBe(0);
  expect(out).toContain('4. canary → extracted: cutover');
  expect(shell.ledger.intents).toEqual([]);
  expect(shell.streams.backfills).toEqual([]);
});

test('verify that finds differences: 1', async () => {
  const shell = cli({ unit: testUnit({ phase: 'shadow' }) });
  shell.streams.rows.legacy.push(1);
  const { code, out } = await shell.run('verify', 'notifications');
  expect(code).toBe(1);
  expect(out).toContain('1 differ');
  expect(shell.ledger.evidence[0]).toMatchObject({ kind: 'parity', verdict: 'fail' });
});

test('doctor with a failing check: 1, with its fix', async () => {
  const checks: DoctorCheck[] = [{ check: 'guards', verdict: 'fail', found: 'disabled', fix: 'alter table …' }];
  const { code, out } = await cli({ checks }).run('doctor');
  expect(code).toBe(1);
  expect(out).toContain('fix: alter table');
});

test('a broken journal: 1', async () => {
  const shell = cli();
  await shell.ledger.appendJournal('s', '*', { kind: 'a', payload: {} });
  expect((await shell.run('journal')).code).toBe(0);
  shell.ledger.entries = shell.ledger.entries.map((entry) => ({ ...entry, kind: 'b' }));
  expect((await shell.run('journal')).code).toBe(1);
});

test.each([
  ['no verb of ours', ['frobnicate'], 2],
  ['an argument missing', ['advance'], 2],
  ['a phase that is none', ['advance', 'notifications', '--to', 'gone'], 2],
  ['retired, which nobody can ask for', ['advance', 'notifications', '--to', 'retired'], 2],
  ['a time that is none', ['advance', 'notifications', '--timeout', '-1'], 2],
  ['a slice that is none', ['advance', 'unknown'], 2],
  ['help', ['--help'], 0],
])('%s: exit code', async (_label, args, code) => {
  expect((await cli().run(...args)).code).toBe(code);
});

test('a control plane that does not answer: 5, and --json says so on stdout', async () => {
  const status = () => Promise.reject(new AppError('UNAVAILABLE', { message: 'the control plane does not answer' }));
  const { code, json } = await cli({ api: { status } }).run('status', '--json');
  expect(code).toBe(5);
  expect(json()).toEqual({ error: { code: 'UNAVAILABLE', message: 'UNAVAILABLE: the control plane does not answer' } });
});

import type { Phase } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import type { Wanted } from '@atlas/flags/wanted';
import { expect, test } from 'vitest';
import { MemoryLedger } from './ports/ledger.memory.ts';
import { healthyFlow, MemoryStreams } from './ports/streams.memory.ts';
import { createReconciler } from './reconcile.ts';
import { testPlan, testUnit } from './testing.memory.ts';

/** A control plane over memory ports with time that only moves when it is slept or told to. */
function control() {
  const ledger = new MemoryLedger();
  const streams = new MemoryStreams();
  const state = { timeMs: 1_000_000, wanted: null as Wanted | null, isUnleashUp: true };
  const plan: Plan = { maxBlindSeconds: 600, unsliced: [], slices: [testPlan] };
  ledger.units.set('notifications', testUnit());
  ledger.nowMs = () => state.timeMs;
  const apply = () => {
    for (const side of ['legacy', 'extracted'] as const) while (streams.queues[side].length > 0) streams.apply(side);
  };
  const clock = {
    nowMs: () => state.timeMs,
    monotonicMs: () => state.timeMs,
    // While an orchestrator waits, gateways learn and flows apply.
    sleep: async (ms: number) => {
      state.timeMs += ms;
      learn();
      if (streams.isClean) apply();
    },
  };
  const learn = () => {
    for (const gateway of ledger.gateways) Object.assign(gateway, { seenRevision: ledger.revision, drainedRevision: ledger.revision });
  };
  ledger.gateways = [{ id: 'g', url: '', isLeased: true, leaseUntil: new Date(0), seenRevision: 1n, drainedRevision: 1n }];
  const reconciler = createReconciler({
    ledger,
    sides: { legacy: streams.side('legacy'), extracted: streams.side('extracted') },
    cdc: streams.cdc(),
    contents: { read: async () => ({ legacy: 'l', extracted: 's' }) },
    clock,
    failpoint: async () => {},
    log: { info: () => {}, warn: () => {} },
    flags: { readWanted: () => (state.isUnleashUp ? state.wanted : null), ageMs: () => 0 },
    plan: () => plan,
  });
  const wish = (phase: Phase | null, split: number | null = null, problems: string[] = []) => {
    state.wanted = { slice: 'notifications', phase, split, problems, revision: `${phase}/${split}` };
  };
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      state.timeMs += 1_000;
      learn();
      await reconciler.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const prove = async () => {
    const at = { takenAt: new Date(state.timeMs).toISOString(), expiresAt: new Date(state.timeMs + 3_600_000).toISOString() };
    const of = { subject: 'notifications', verdict: 'pass', ...at } as const;
    await ledger.recordEvidence({ ...of, kind: 'shadow', value: { samples: 50, mismatches: 0 } });
    await ledger.recordEvidence({ ...of, kind: 'pact', value: { legacyContent: 'l', extractedContent: 's' } });
    await ledger.recordEvidence({ ...of, kind: 'load', value: { p99Ms: 20, errorRate: 0 } });
  };
  const unit = () => ledger.units.get('notifications') ?? testUnit();
  const ask = (want: Phase, source = 'cli') => ledger.insertIntent({ slice: 'notifications', tenant: '*', want, split: null, source });
  return { ledger, streams, state, reconciler, wish, rounds, prove, unit, ask };
}

test('a flag walks a slice to extracted and back to legacy, gate by gate', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('extracted');
  await plane.rounds(60);
  expect(plane.unit()).toMatchObject({ phase: 'extracted', owner: 'extracted', reads: 'extracted', epoch: 2n });
  plane.wish('legacy');
  await plane.rounds(5);
  expect(plane.unit()).toMatchObject({ phase: 'legacy', owner: 'legacy', reads: 'legacy', epoch: 3n, splitBasisPoints: 0 });
  expect(plane.ledger.intents.map((intent) => intent.state)).toEqual(['done', 'done']);
});

test('a split that the flag limits stays there; raised again it goes on', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('canary', 25);
  await plane.rounds(40);
  expect(plane.unit()).toMatchObject({ phase: 'canary', splitBasisPoints: 2_500 });
  plane.wish('canary', 5);
  await plane.rounds(2);
  expect(plane.unit().splitBasisPoints).toBe(500);
  plane.wish('canary', 100);
  await plane.rounds(20);
  expect(plane.unit().splitBasisPoints).toBe(10_000);
});

test('a flip that is not safe is held with its reason, and carried out when it becomes safe', async () => {
  const plane = control();
  await plane.prove();
  plane.streams.flowStatus.r = { ...healthyFlow('r.notifications', 'extracted'), healthy: false, reasons: ['slot is not active'] };
  plane.wish('replicating');
  await plane.rounds(3);
  expect(plane.ledger.intents[0]).toMatchObject({ state: 'waiting', reason: 'waits for flows (r.notifications: slot is not active)' });
  expect(plane.unit().phase).toBe('legacy');
  plane.streams.flowStatus.r = healthyFlow('r.notifications', 'extracted');
  await plane.rounds(3);
  expect(plane.ledger.intents[0]).toMatchObject({ state: 'done' });
});

test('a held flip is withdrawn when its flag changes back', async () => {
  const plane = control();
  plane.wish('legacy');
  await plane.rounds(2);
  plane.streams.flowStatus.f = new Error('cdc is away');
  plane.wish('shadow');
  await plane.rounds(2);
  expect(plane.ledger.intents[1]).toMatchObject({ state: 'waiting' });
  plane.wish('legacy');
  await plane.rounds(2);
  expect(plane.ledger.intents.map((intent) => intent.state)).toEqual(['done', 'withdrawn', 'done']);
  expect(plane.unit().phase).toBe('legacy');
});

test('after a reverse by command the unchanged flag does not count; changed, it counts again', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('extracted');
  await plane.rounds(60);
  await plane.ask('replicating');
  await plane.rounds(3);
  expect(plane.unit()).toMatchObject({ phase: 'replicating', owner: 'legacy' });
  await plane.rounds(10);
  expect(plane.unit().phase).toBe('replicating');
  plane.wish('shadow');
  await plane.rounds(5);
  expect(plane.unit().phase).toBe('shadow');
});

test('reverse works with Unleash and cdc’s forward flow down', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('extracted');
  await plane.rounds(60);
  plane.state.isUnleashUp = false;
  plane.streams.flowStatus.f = new Error('away');
  plane.ledger.evidence = [];
  // The frozen compare is cdc’s too: it answers, only F does not run.
  plane.streams.flowStatus.r = healthyFlow('r.notifications', 'extracted');
  await plane.ask('replicating');
  await plane.rounds(1);
  expect(plane.ledger.intents[1]).toMatchObject({ state: 'waiting', reason: expect.stringContaining('backfill-closed') });
  plane.streams.flowStatus.f = { ...healthyFlow('f.notifications', 'legacy'), healthy: false, reasons: ['slot is not active'] };
  await plane.rounds(3);
  expect(plane.unit()).toMatchObject({ owner: 'legacy', phase: 'replicating' });
});

test('a flag that cannot be read changes nothing', async () => {
  const plane = control();
  plane.wish(null, null, ['migrate.notifications has 2 variants with weight']);
  await plane.rounds(3);
  expect(plane.ledger.intents).toEqual([]);
});

test('a newer wish supersedes an older one', async () => {
  const plane = control();
  plane.streams.flowStatus.f = new Error('away');
  await plane.ask('shadow');
  await plane.ask('replicating');
  await plane.rounds(1);
  expect(plane.ledger.intents[0]).toMatchObject({ state: 'withdrawn', reason: 'superseded by intent 2' });
});

test('a move that aborts is tried three times for a flag, once for a command', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('canary');
  await plane.rounds(60);
  plane.streams.isClean = false;
  const { id } = await plane.ask('extracted');
  await plane.rounds(2);
  expect(await plane.ledger.readIntent(id)).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('cutover aborted at catch-up'),
  });
  plane.wish('extracted');
  await plane.rounds(60);
  expect(plane.ledger.intents.at(-1)).toMatchObject({ state: 'failed', detail: { attempts: 3 } });
  expect(plane.unit()).toMatchObject({ owner: 'legacy', move: null, phase: 'canary' });
});

test('a unit found moving without any wish is settled by the table', async () => {
  const plane = control();
  plane.ledger.units.set('notifications', testUnit({ phase: 'canary', move: 'holding', version: 3n }));
  await plane.rounds(1);
  expect(plane.unit()).toMatchObject({ move: null, owner: 'legacy', epoch: 3n });
});

test('a move that was announced and never began fails for a command, even while a gate holds', async () => {
  const plane = control();
  await plane.prove();
  plane.wish('canary');
  await plane.rounds(60);
  const intent = await plane.ask('extracted');
  await plane.ledger.updateIntent(intent.id, { state: 'running', reason: 'cutover under way', detail: intent.detail });
  plane.streams.flowStatus.f = new Error('cdc is away');
  await plane.rounds(1);
  expect(await plane.ledger.readIntent(intent.id)).toMatchObject({
    state: 'failed',
    reason: 'the control plane stopped before the move began',
  });
  expect(plane.unit()).toMatchObject({ owner: 'legacy', move: null, epoch: 1n });
});

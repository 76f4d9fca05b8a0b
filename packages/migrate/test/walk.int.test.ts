import type { Wanted } from '@atlas/flags/wanted';
import { waitFor as waitForAtMost } from '@atlas/kit/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createControlApi } from '../src/control-plane.ts';
import type { OpenPlane } from '../src/open-plane.ts';
import { createReconciler, type Reconciler } from '../src/reconcile.ts';
import { createNeighbourhood, goodEvidence, type Neighbourhood } from './plane.ts';

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 120_000 });
const waitFor = <T>(label: string, read: () => Promise<T> | T) => waitForAtMost(label, read, { timeoutMs: 60_000 });

let world: Neighbourhood;
let plane: OpenPlane;
let reconciler: Reconciler;

beforeAll(async () => {
  world = await createNeighbourhood();
  plane = await world.open();
  reconciler = createReconciler({ ...plane.ports, plan: () => plane.ports.planState().plan });
  reconciler.start();
});

afterAll(async () => {
  await reconciler.stop();
  await plane.close();
  await world.close();
});

const api = () => createControlApi(plane.ports);
const unit = () => plane.ports.ledger.readUnit('notifications', '*');

function ask(wanted: Pick<Wanted, 'phase' | 'split'>): void {
  world.flags.wanted = { slice: 'notifications', problems: [], revision: JSON.stringify(wanted), ...wanted };
}

async function insertMail(side: 'legacy' | 'extracted'): Promise<void> {
  const id = crypto.randomUUID();
  if (side === 'legacy') {
    await world.databases.app.legacy.query(
      `insert into "InboxDone" ("tenancyId", "source", "eventId", "doneAt") values ($1, 'mail-request', $1, now())`,
      [id],
    );
  } else {
    await world.databases.app.extracted.query(
      `insert into inbox_done (tenancy_id, source, event_id, done_at) values ($1, 'mail-request', $1, now())`,
      [id],
    );
  }
}

test('a flag that asks for extracted walks there step by step; what it waits for is said; then the service owns the slice', async () => {
  ask({ phase: 'extracted', split: null });
  const waiting = await waitFor('the intent waits for evidence', async () => {
    const { intent } = (await api().status()).slices[0] ?? {};
    return intent?.gates.some((gate) => gate.gate === 'pact') ? intent : null;
  });
  expect(waiting).toMatchObject({ state: 'waiting', want: 'extracted', source: 'flag' });
  expect(waiting.reason).toContain('pact (no pact evidence was recorded)');
  expect(await unit()).toMatchObject({ phase: 'shadow', owner: 'legacy', move: null });
  expect(world.cdc.backfills).toEqual(['f.notifications']);

  for (const evidence of goodEvidence()) await api().recordEvidence(evidence);
  const done = await waitFor('extracted', async () => {
    const intent = await api().intent(waiting.id);
    return intent.state === 'done' ? intent : null;
  });
  expect(done.heldMs).toBeGreaterThan(0);
  expect(done.heldMs).toBeLessThan(2_000);
  expect(Object.keys(done.timings)).toEqual([
    'hold',
    'drain',
    'fence',
    'catch-up',
    'compare',
    'prepare',
    'commit',
    'reads',
    'open',
    'release',
  ]);
  expect(await unit()).toMatchObject({
    phase: 'extracted',
    owner: 'extracted',
    reads: 'extracted',
    epoch: 2n,
    move: null,
    splitBasisPoints: 10_000,
  });
  await expect(insertMail('legacy')).rejects.toMatchObject({ code: 'SF001' });
  await insertMail('extracted');

  const { entries, broken } = await api().journal(0n, 1_000);
  expect(broken).toBeNull();
  const kinds = entries.map((entry) => entry.kind).filter((kind) => kind !== 'evidence');
  expect(kinds).toEqual([
    'plan',
    'intent',
    'phase',
    'phase',
    'phase',
    'split',
    'split',
    'move.hold',
    'move.commit',
    'move.reads',
    'move.release',
  ]);
});

test('a reverse by command needs no flag, and the flag that still asks for extracted does not count again', async () => {
  world.flags.wanted = { ...(world.flags.wanted as Wanted) };
  const { id } = await api().ask({ slice: 'notifications', want: 'replicating', source: 'cli' });
  await waitFor('reversed', async () => (await api().intent(id)).state === 'done');
  expect(await unit()).toMatchObject({ phase: 'replicating', owner: 'legacy', reads: 'legacy', epoch: 3n, splitBasisPoints: 0 });
  await expect(insertMail('extracted')).rejects.toMatchObject({ code: 'SF001' });
  await insertMail('legacy');
  await reconciler.tick();
  expect(await plane.ports.ledger.openIntents()).toEqual([]);
});

test('a flag turned off withdraws what waits for it', async () => {
  world.cdc.flows.f.healthy = false;
  world.cdc.flows.f.reasons = ['slot is not active'];
  ask({ phase: 'shadow', split: null });
  const held = await waitFor('held', async () => {
    const [intent] = await plane.ports.ledger.openIntents();
    return intent?.reason.includes('slot is not active') ? intent : null;
  });
  ask({ phase: null, split: null });
  await waitFor('withdrawn', async () => (await api().intent(held.id)).state === 'withdrawn');
  world.cdc.flows.f.healthy = true;
  world.cdc.flows.f.reasons = [];
  expect(await unit()).toMatchObject({ phase: 'replicating' });
});

test('a move whose marker is not applied in time aborts itself and the legacy writes on', async () => {
  ask({ phase: 'canary', split: null });
  await waitFor('canary at 100 %', async () => (await unit()).splitBasisPoints === 10_000);
  world.cdc.isApplying = false;
  const { id } = await api().ask({ slice: 'notifications', want: 'extracted', source: 'cli' });
  const failed = await waitFor('aborted', async () => {
    const intent = await api().intent(id);
    return intent.state === 'failed' ? intent : null;
  });
  world.cdc.isApplying = true;
  // On a busy machine the abort itself may be finished by the next look, which then says less of why.
  expect(failed.reason).toMatch(/cutover aborted at catch-up|was aborted and the old owner writes again/);
  expect(await unit()).toMatchObject({ phase: 'canary', owner: 'legacy', reads: 'legacy', epoch: 5n, move: null });
  await insertMail('legacy');
});

test('rows that differ abort the move before the commit point', async () => {
  const { id } = await api().ask({ slice: 'notifications', want: 'extracted', source: 'cli' });
  world.cdc.verdict = 'mismatch';
  const failed = await waitFor('aborted', async () => {
    const intent = await api().intent(id);
    return intent.state === 'failed' || intent.gates.some((gate) => gate.gate === 'parity') ? intent : null;
  });
  world.cdc.verdict = 'clean';
  expect(`${failed.reason}`).toMatch(/rows differ|rows that differ/);
  expect(await unit()).toMatchObject({ owner: 'legacy', move: null });
});

test('a lost lease before the commit point is a gate that holds, and names the gateway', async () => {
  for (const intent of await plane.ports.ledger.openIntents()) await api().withdraw(intent.id, 'test');
  await plane.ports.ledger.readFleet();
  await world.databases.admin.control.query(
    `insert into migrate.gateway_lease (id, boot_id, url, lease_until, seen_revision, drained_revision)
     values ('dead', gen_random_uuid(), 'http://127.0.0.1:1', now() - interval '1 hour', 1, 1)`,
  );
  const { gates } = await api().dryRun({ slice: 'notifications', want: 'extracted', source: 'cli' });
  expect(gates.find((gate) => gate.gate === 'gateways')).toMatchObject({ verdict: 'fail', why: 'gateway dead has no lease' });
  await api().forgetGateway('dead', false);
  await expect(api().forgetGateway('g1', true)).rejects.toMatchObject({ code: 'MOVE_REFUSED' });
});

test('a journal entry changed by hand is found', async () => {
  await world.databases.admin.control.query(`update migrate.journal set payload = '{"forged": true}' where seq = 3`);
  expect((await api().journal(0n, 10)).broken).toBe('3');
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { abortSteps, moveSteps } from '@atlas/contracts/control';
import type { Side, Unit } from '@atlas/contracts/ledger';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { resume } from '../src/carry-out.ts';
import { otherSide } from '../src/move/world.ts';
import type { OpenPlane } from '../src/open-plane.ts';
import { createNeighbourhood, type Neighbourhood } from './plane.ts';

const script = fileURLToPath(new URL('./move-process.ts', import.meta.url));
// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 120_000 });

let world: Neighbourhood;
let plane: OpenPlane;

beforeAll(async () => {
  world = await createNeighbourhood();
  plane = await world.open();
});

afterAll(async () => {
  await plane.close();
  await world.close();
});

// Every case begins at rest, whatever the one before left behind.
beforeEach(() => atRest());

const unit = () => plane.ports.ledger.readUnit('notifications', '*');

function atRest(): Promise<Unit> {
  return waitFor('the unit is at rest', async () => {
    const found = await unit();
    if (found.move !== null) await resume(plane.ports, 'notifications', '*');
    return (await unit()).move === null ? unit() : null;
  });
}

type Started = { child: ChildProcess; exited: Promise<string | null>; output(): string };

function startMove(failpoints: string): Started {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...world.env, ATLAS_FAILPOINTS: failpoints },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const exited = once(child, 'exit').then(([, signal]) => signal as string | null);
  return { child, exited, output: () => text };
}

// On a machine too busy for its budget a move may abort before it gets to the point: then it is tried again from rest.
async function killedAt(failpoint: string): Promise<Unit> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const start = await atRest();
    if ((await startMove(`${failpoint}=kill`).exited) === 'SIGKILL') return start;
  }
  throw new Error(`never killed at ${failpoint}`);
}

async function expectOneOwner({ owner, epoch }: Unit): Promise<void> {
  const other = otherSide(owner);
  const unitKey = { slice: 'notifications', tenant: '*' };
  expect(await plane.ports.sides[owner].fence(unitKey)).toEqual({ owner: 'here', epoch });
  expect((await plane.ports.sides[other].fence(unitKey)).owner).toBe('none');
  await expect(write(other)).rejects.toMatchObject({ code: 'SF001' });
  await write(owner);
}

async function write(side: Side): Promise<void> {
  const id = crypto.randomUUID();
  const sql = {
    legacy: `insert into "InboxDone" ("tenancyId", "source", "eventId", "doneAt") values ($1, 'mail-request', $1, now())`,
    extracted: `insert into inbox_done (tenancy_id, source, event_id, done_at) values ($1, 'mail-request', $1, now())`,
  };
  await world.databases.app[side].query(sql[side], [id]);
}

// Between two steps nothing happens: the end of one is the beginning of the next.
const before = (steps: readonly string[]) => steps.map((step) => `move.${step}.before`);
const failpointsBack = before(moveSteps.slice(1, moveSteps.indexOf('commit') + 1));
const failpointsOn = before(moveSteps.slice(moveSteps.indexOf('reads')));

test.each(failpointsBack)('killed at %s: the old owner writes again, one epoch pair later', async (failpoint) => {
  const start = await killedAt(failpoint);
  expect((await unit()).move).toBe('holding');
  const after = await atRest();
  expect(after).toMatchObject({ owner: start.owner, reads: start.owner, epoch: start.epoch + 2n });
  await expectOneOwner(after);
});

// One after the other these are cutovers and reverses in turn.
test.each(failpointsOn)('killed at %s: the move is finished', async (failpoint) => {
  const start = await killedAt(failpoint);
  expect((await unit()).move).toBe('committed');
  const after = await atRest();
  const owner = otherSide(start.owner);
  expect(after).toMatchObject({ owner, reads: owner, epoch: start.epoch + 1n });
  await expectOneOwner(after);
});

test.each(['move.hold.before', 'move.release.after'])('killed at %s: nothing is left to do', async (failpoint) => {
  await killedAt(failpoint);
  const after = await unit();
  expect(after.move).toBeNull();
  await expectOneOwner(after);
});

test.each([...before(abortSteps), 'move.abort-release.after'])('killed at %s: the way back is finished', async (failpoint) => {
  world.cdc.verdict = 'mismatch';
  const start = await killedAt(failpoint);
  world.cdc.verdict = 'clean';
  const after = await atRest();
  expect(after).toMatchObject({ owner: start.owner, reads: start.owner, epoch: start.epoch + 2n });
  await expectOneOwner(after);
});

test('an old orchestrator woken after its move was aborted is refused by fence and compare-and-set', async () => {
  const start = await unit();
  const { exited, output } = startMove('move.fence.before=delay:2500');
  await waitFor('holding', async () => (await unit()).move === 'holding');
  await world.databases.admin.control.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'migrate notifications/*'`,
  );
  const after = await atRest();
  expect(after).toMatchObject({ owner: start.owner, epoch: start.epoch + 2n });
  await exited;
  expect(output()).toMatch(/LOCK_LOST|LEDGER_UNAVAILABLE/);
  expect(await unit()).toEqual(after);
  await expectOneOwner(after);
});

test('a stopped orchestrator loses its lock by itself, and does nothing when it goes on', async () => {
  const start = await unit();
  const { child, exited, output } = startMove('move.drain.after=delay:300');
  await waitFor('holding', async () => (await unit()).move === 'holding');
  child.kill('SIGSTOP');
  const after = await atRest();
  expect(after).toMatchObject({ owner: start.owner, epoch: start.epoch + 2n });
  child.kill('SIGCONT');
  await exited;
  expect(output()).toMatch(/LOCK_LOST|LEDGER_UNAVAILABLE/);
  expect(await unit()).toEqual(after);
  await expectOneOwner(after);
});

test('a second orchestrator does not get the unit while the first one has it', async () => {
  const lock = await plane.ports.ledger.lockUnit('notifications', '*');
  expect(await plane.ports.ledger.lockUnit('notifications', '*')).toBeNull();
  await lock?.release();
});

test('a compare-and-set against an older version changes nothing', async () => {
  const lock = await plane.ports.ledger.lockUnit('notifications', '*');
  if (lock === null) throw new Error('locked');
  const current = await lock.read();
  const stale = { ...current, version: current.version - 1n };
  await expect(lock.compareAndSet(stale, { move: 'holding' }, { kind: 'test', payload: {} })).rejects.toMatchObject({
    code: 'LEDGER_CONFLICT',
  });
  expect(await lock.read()).toEqual(current);
  await lock.release();
});

test('a writer that never ends makes the move abort itself within its budget; held for less than three seconds', async () => {
  const start = await unit();
  const writer = await world.databases.app[start.owner].connect();
  await writer.query('begin');
  const table =
    start.owner === 'legacy'
      ? '"InboxDone" ("tenancyId", "source", "eventId", "doneAt")'
      : 'inbox_done (tenancy_id, source, event_id, done_at)';
  await writer.query(`insert into ${table} values (gen_random_uuid(), 'mail-request', gen_random_uuid(), now())`);
  const { exited, output } = startMove('');
  // The abort needs the same lock to open the owner again: the writer ends in between.
  await waitFor('aborting', async () => (await unit()).move === 'aborting');
  await writer.query('commit');
  writer.release();
  await exited;
  expect(output()).toContain('aborted');
  const after = await atRest();
  expect(after.owner).toBe(start.owner);
  await expectOneOwner(after);
});

import type { Side, Unit } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MoveSimulation, simulate } from './simulation.memory.ts';

const runs = Number(process.env['ATLAS_SIMULATIONS'] ?? 400);

const faults = { orchestrators: 2, crashes: 2, lostLocks: 2, lostAnswers: 3, lostLeases: 1, stops: 3, writes: 6 };
const calm = { orchestrators: 1, crashes: 0, lostLocks: 0, lostAnswers: 0, lostLeases: 0, stops: 0, writes: 0 };

/** A schedule: which of the things that can happen next does happen, step by step, faults included. */
const schedule = fc.array(fc.nat({ max: 1_000 }), { minLength: 100, maxLength: 900, size: 'max' });

test('never are both sides writable, no write is lost, every move ends, whatever crashes and however steps interleave', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (choices) => {
      const world = await simulate({
        choices,
        movesMax: 3,
        ...faults,
      });
      expectSound(world);
    }),
    { numRuns: runs },
  );
});

test('without faults each of three moves succeeds: cutover, reverse, cutover', async () => {
  const world = await simulate({
    choices: [],
    movesMax: 3,
    ...calm,
  });
  expectSound(world);
  expect(world.outcomes).toEqual(['moved', 'moved', 'moved']);
  expect(world.unit()).toMatchObject({ owner: 'extracted', reads: 'extracted', phase: 'extracted', epoch: 4n, move: null });
  expect(world.streams.fences).toEqual({ legacy: { owner: 'none', epoch: 4n }, extracted: { owner: 'here', epoch: 4n } });
});

test.each(['skip-fence', 'skip-catch-up', 'forget-compare-and-set'] as const)(
  'the mutant %s is caught',
  { timeout: 120_000 },
  async (mutant) => {
    const search = fc.assert(
      fc.asyncProperty(schedule, async (choices) => {
        const world = await simulate({
          choices,
          movesMax: 3,
          ...faults,
          mutant,
        });
        expectSound(world);
      }),
      { numRuns: runs * 4, endOnFailure: true },
    );
    await expect(search).rejects.toThrow(/Property failed/);
  },
);

function expectSound(world: MoveSimulation): void {
  expect(world.violations).toEqual([]);
  const unit = world.unit();
  expect(unit.move).toBeNull();
  expect(world.streams.fences[unit.owner]).toMatchObject({ owner: 'here' });
  expect(unit.reads).toBe(unit.owner);
  expect(world.streams.rows[unit.owner]).toEqual(expect.arrayContaining(world.written));
}

test('a unit that moves already is refused', async () => {
  const { runMove } = await import('./move.ts');
  const unit = { move: 'holding', slice: 'notifications', owner: 'legacy' as Side } as Unit;
  await expect(runMove({} as never, unit, [])).rejects.toThrow(AppError);
});

import type { GateResult } from '@atlas/contracts/control';
import type { Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import type { Facts } from '../facts.ts';
import type { MoveOutcome } from '../move/move.ts';
import type { MoveWorld } from '../move/world.ts';
import type { Cdc } from '../ports/cdc.ts';

/** What a step works with: the facts its gates passed on, and the unit's lock. */
export type StepContext = { facts: Facts; world: MoveWorld & { cdc: Cdc } };

/** `wait`: something was started or is not over yet; ask again. `move`: it was a move, this is how it ended. */
export type StepOutcome =
  | { kind: 'done'; unit: Unit; did: string }
  | { kind: 'wait'; reason: string }
  | { kind: 'move'; outcome: MoveOutcome };

/** One phase: how it is entered and left. `describe` says what apply will do, for dry runs. */
export type Step = {
  describe(plan: SlicePlan): string;
  check(facts: Facts): GateResult[];
  apply(context: StepContext): Promise<StepOutcome>;
  revert(context: StepContext): Promise<StepOutcome>;
};

/** Changes phase and split of a unit at rest, journaled as what it is. */
export async function changePhase(
  { facts, world }: StepContext,
  change: Pick<Unit, 'phase'> & Partial<Pick<Unit, 'splitBasisPoints'>>,
): Promise<StepOutcome> {
  const from = facts.unit.phase;
  const evidence = Object.values(facts.evidence).map((row) => row.id);
  const payload = { from, to: change.phase, splitBasisPoints: change.splitBasisPoints ?? 0, evidence };
  const { unit } = await world.lock.compareAndSet(facts.unit, { splitBasisPoints: 0, ...change }, { kind: 'phase', payload });
  return { kind: 'done', unit, did: `${from} → ${change.phase}` };
}

import { type Phase, phases } from '@atlas/contracts/ledger';
import { expect, test } from 'vitest';
import { nextTransition, transitions, wayTo } from './phases.ts';

const way = (from: Phase, to: Phase) => wayTo(from, to).map((each) => `${each.kind} ${each.to}`);

test('the way forward passes every phase in its order', () => {
  expect(way('legacy', 'extracted')).toEqual(['advance replicating', 'advance shadow', 'advance canary', 'cutover extracted']);
});

test('the way back is one reverse, and then reverts', () => {
  expect(way('extracted', 'legacy')).toEqual(['reverse replicating', 'revert legacy']);
});

test('from extracted to canary the way goes back first, then forward', () => {
  expect(way('extracted', 'canary')).toEqual(['reverse replicating', 'advance shadow', 'advance canary']);
});

test('no way leads to or from retired, and none where one is', () => {
  expect(wayTo('extracted', 'retired')).toEqual([]);
  expect(wayTo('retired', 'legacy')).toEqual([]);
  expect(nextTransition('shadow', 'shadow')).toBeNull();
});

test('every phase an operator can ask for is reached from every other', () => {
  const reachable = phases.filter((phase) => phase !== 'retired');
  for (const from of reachable) for (const to of reachable) expect(wayTo(from, to).at(-1)?.to ?? from).toBe(to);
});

test('a revert has no gate; a reverse asks for no evidence', () => {
  const gatesOf = (kind: string) => transitions.filter((each) => each.kind === kind).flatMap((each) => each.gates);
  expect(gatesOf('revert')).toEqual([]);
  for (const name of ['parity', 'shadow', 'pact', 'load', 'flows', 'lag']) expect(gatesOf('reverse')).not.toContain(name);
});

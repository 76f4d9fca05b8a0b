import { type Phase, phases } from '@atlas/contracts/ledger';
import type { GateName } from './gates/all.ts';

/** `advance` and `revert` change the phase only; `cutover` and `reverse` are moves. */
export type TransitionKind = 'advance' | 'cutover' | 'reverse' | 'revert';
export type Transition = { from: Phase; to: Phase; kind: TransitionKind; gates: readonly GateName[] };

const streaming = ['flows', 'connector-version'] as const;
const inStep = [...streaming, 'lag', 'parked', 'foreign', 'restart-check'] as const;
const proven = [...inStep, 'backfill-closed', 'parity', 'shadow', 'pact', 'load'] as const;

/** Gates of a larger split inside canary. */
export const splitGates: readonly GateName[] = [...inStep, 'parity', 'dwell'];

/** Every step there is between phases. A revert needs no gate; a reverse needs only what it touches. */
export const transitions: readonly Transition[] = [
  { from: 'legacy', to: 'replicating', kind: 'advance', gates: streaming },
  { from: 'replicating', to: 'shadow', kind: 'advance', gates: [...inStep, 'backfill-done', 'parity'] },
  { from: 'shadow', to: 'canary', kind: 'advance', gates: proven },
  { from: 'canary', to: 'extracted', kind: 'cutover', gates: [...proven, 'gateways', 'writers', 'dwell'] },
  { from: 'extracted', to: 'replicating', kind: 'reverse', gates: ['flow-back', 'parked-back', 'backfill-closed', 'gateways', 'writers'] },
  { from: 'canary', to: 'shadow', kind: 'revert', gates: [] },
  { from: 'shadow', to: 'replicating', kind: 'revert', gates: [] },
  { from: 'replicating', to: 'legacy', kind: 'revert', gates: [] },
];

/** The next transition on the way to a phase: forward one at a time, back one at a time; null when there or when no way leads there. */
export function nextTransition(from: Phase, want: Phase): Transition | null {
  if (from === want) return null;
  const isForward = rank(want) > rank(from);
  return transitions.find((each) => each.from === from && rank(each.to) > rank(from) === isForward) ?? null;
}

/** All transitions to a phase, in order; the last one does not reach it when no way leads there. */
export function wayTo(from: Phase, want: Phase): Transition[] {
  const way: Transition[] = [];
  for (let next = nextTransition(from, want); next !== null && way.length < phases.length * 2; next = nextTransition(next.to, want))
    way.push(next);
  return way;
}

function rank(phase: Phase): number {
  return phases.indexOf(phase);
}

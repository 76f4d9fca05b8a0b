import type { GateResult } from '@atlas/contracts/control';
import type { Phase } from '@atlas/contracts/ledger';
import type { Facts } from '../facts.ts';
import { askGates } from '../gates/all.ts';
import { transitions } from '../phases.ts';

/** The gates in front of a phase, as the transition table names them. */
export function askGatesInto(phase: Phase, facts: Facts): GateResult[] {
  const transition = transitions.find((each) => each.to === phase && (each.kind === 'advance' || each.kind === 'cutover'));
  return transition === undefined ? [] : askGates(transition.gates, facts);
}

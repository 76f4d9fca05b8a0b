import type { GateResult } from '@atlas/contracts/control';
import type { Facts } from '../facts.ts';
import { load, pact, parity, shadow } from './evidence.ts';
import { dwell, gateways, writers } from './fleet.ts';
import {
  backfillDone,
  connectorVersion,
  flowBackHealthy,
  flowsHealthy,
  lag,
  noForeignEvents,
  noOpenBackfill,
  nothingParked,
  nothingParkedBack,
  restartCheck,
} from './flows.ts';
import type { Gate } from './gate.ts';

/** Every gate by the name the transition table uses. */
export const gates = {
  flows: flowsHealthy,
  'flow-back': flowBackHealthy,
  'connector-version': connectorVersion,
  lag,
  'backfill-done': backfillDone,
  'backfill-closed': noOpenBackfill,
  parked: nothingParked,
  'parked-back': nothingParkedBack,
  foreign: noForeignEvents,
  'restart-check': restartCheck,
  parity,
  shadow,
  pact,
  load,
  gateways,
  writers,
  dwell,
} as const satisfies Record<string, Gate>;
export type GateName = keyof typeof gates;

/** Asks the named gates, in order. */
export function askGates(names: readonly GateName[], facts: Facts): GateResult[] {
  return names.map((name) => ({ ...gates[name](facts), gate: name }));
}

/** Those that hold: whatever is not a pass. */
export function holding(results: readonly GateResult[]): GateResult[] {
  return results.filter((result) => result.verdict !== 'pass');
}

import type { FlowStatus } from '@atlas/contracts/flow';
import type { EvidenceKind, Side, Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { errorText } from '@atlas/kit/errors';
import type { Clock } from './clock.ts';
import { flowFrom } from './move/world.ts';
import type { Cdc } from './ports/cdc.ts';
import type { Contents, ContentsPort } from './ports/contents.ts';
import type { EvidenceRow, Fleet, LedgerStore } from './ports/ledger.ts';
import type { SideDatabase } from './ports/side.ts';

/** A flow as cdc tells it, or why it does not tell. */
export type FlowFact = FlowStatus | { unreachable: string };

/** Everything gates look at, read once. Gates are pure functions of it. */
export type Facts = {
  unit: Unit;
  plan: SlicePlan;
  nowMs: number;
  flows: { f: FlowFact; r: FlowFact };
  fleet: Fleet;
  evidence: Partial<Record<EvidenceKind, EvidenceRow>>;
  contents: Contents;
  /** Age of the owner's oldest writing transaction; null when its database does not tell. */
  longestWriterMs: number | null;
  /** Milliseconds since the split was last raised or canary was entered; null when this process does not know. */
  splitAgeMs: number | null;
};

export type FactPorts = { ledger: LedgerStore; cdc: Cdc; contents: ContentsPort; sides: Record<Side, SideDatabase>; clock: Clock };

/** Reads the facts of one unit. What does not answer becomes a fact of its own, never an error; only the ledger must answer. */
export async function readFacts(ports: FactPorts, unit: Unit, plan: SlicePlan): Promise<Facts> {
  const [f, r, fleet, evidence, contents, splitAgeMs, longestWriterMs] = await Promise.all([
    readFlow(ports.cdc, flowFrom('legacy', unit.slice)),
    readFlow(ports.cdc, flowFrom('extracted', unit.slice)),
    ports.ledger.readFleet(),
    ports.ledger.readEvidence(unit.slice),
    ports.contents.read(),
    ports.ledger.splitAgeMs(unit.slice, unit.tenant),
    ports.sides[unit.owner].longestWriterMs().catch(() => null),
  ]);
  return { unit, plan, nowMs: ports.clock.nowMs(), flows: { f, r }, fleet, evidence, contents, splitAgeMs, longestWriterMs };
}

/** Whether cdc told of the flow at all. */
export function isKnown(flow: FlowFact): flow is FlowStatus {
  return !('unreachable' in flow);
}

async function readFlow(cdc: Cdc, flow: string): Promise<FlowFact> {
  try {
    return await cdc.flow(flow);
  } catch (error) {
    return { unreachable: errorText(error) };
  }
}

import type { FlowId } from '@atlas/contracts/flow';
import type { Side } from '@atlas/contracts/ledger';
import { otherSide, type ProjectionMapping, type SliceMapping, type TableMapping } from './slices/mapping.ts';

/** One direction of one slice, and the names of everything that belongs to it. `incarnation` counts its topics and slots. */
export type Flow = { id: FlowId; mapping: SliceMapping; source: Side; target: Side };

/** What a flow writes at its target: a table of the slice (the guard's unit applies) or a projection. */
export type FlowTable = { kind: 'slice'; table: TableMapping } | { kind: 'projection'; table: ProjectionMapping };

/** Both flows of a slice: F (legacy → service) and R (back). */
export function flowsOf(mapping: SliceMapping): [Flow, Flow] {
  return [flow(`f.${mapping.slice}`, mapping, 'legacy'), flow(`r.${mapping.slice}`, mapping, 'extracted')];
}

/** The tables a flow carries: F also fills the projections. */
export function tablesOf(flow: Flow): FlowTable[] {
  const slice = flow.mapping.tables.map((table): FlowTable => ({ kind: 'slice', table }));
  const projections = flow.mapping.reads.map((table): FlowTable => ({ kind: 'projection', table }));
  return flow.source === 'legacy' ? [...slice, ...projections] : slice;
}

/** `f.notifications` → `f_notifications`: publication, and stem of slot, connector, signal table. */
export function stemOf(flow: Flow): string {
  return flow.id.replace('.', '_').replaceAll('-', '_');
}

export function publicationOf(flow: Flow): string {
  return stemOf(flow);
}

export function signalTableOf(flow: Flow): string {
  return `signal_${stemOf(flow)}`;
}

/** Slot and connector share one name. */
export function connectorOf(flow: Flow, incarnation: number): string {
  return `${stemOf(flow)}_${incarnation}`;
}

export function topicOf(flow: Flow, incarnation: number): string {
  return `${flow.id}.${incarnation}`;
}

function flow(id: FlowId, mapping: SliceMapping, source: Side): Flow {
  return { id, mapping, source, target: otherSide(source) };
}

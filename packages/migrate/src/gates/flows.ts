import type { GateResult } from '@atlas/contracts/control';
import type { FlowStatus } from '@atlas/contracts/flow';
import { type Facts, type FlowFact, isKnown } from '../facts.ts';
import { fail, pass, unknown } from './gate.ts';

/** Debezium before this may skip rows after a restart. */
export const connectorFloor = '3.7.0';

const look = 'pnpm migrate doctor';

/** Both flows stream: slot active, applier running, last tick young. */
export function flowsHealthy({ flows, unit }: Facts): GateResult {
  return worst('flows', [healthy('flows', `f.${unit.slice}`, flows.f), healthy('flows', `r.${unit.slice}`, flows.r)]);
}

/** The way back needs only the flow that leads there. */
export function flowBackHealthy({ flows, unit }: Facts): GateResult {
  return healthy('flow-back', `r.${unit.slice}`, flows.r);
}

export function connectorVersion({ flows }: Facts): GateResult {
  return worst('connector-version', [flows.f, flows.r].map(versionOf));
}

/** How far the flow away from the owner is behind, now and as 99th percentile. */
export function lag(facts: Facts): GateResult {
  const { plan } = facts;
  const flow = fromOwner(facts);
  const limit = `now ≤ ${plan.lag.maxMs} ms, p99 ≤ ${plan.lag.maxMsP99} ms`;
  if (!isKnown(flow)) return notTold('lag', limit, flow.unreachable);
  const value = `now ${flow.lagMs ?? '?'} ms, p99 ${flow.lagMsP99 ?? '?'} ms`;
  if (flow.lagMs === null || flow.lagMsP99 === null)
    return unknown('lag', { value, limit }, { why: `${flow.flow} has not measured its lag yet`, next: 'wait a few seconds' });
  if (flow.lagMs > plan.lag.maxMs || flow.lagMsP99 > plan.lag.maxMsP99)
    return fail(
      'lag',
      { value, limit },
      { why: `${flow.flow} is behind: ${value}`, next: 'wait, or see where it is stuck: pnpm migrate status' },
    );
  return pass('lag', { value, limit });
}

/** Nothing of the slice is parked in either flow. */
export function nothingParked({ flows }: Facts): GateResult {
  return worst('parked', [flows.f, flows.r].map(parkedIn));
}

export function nothingParkedBack({ flows }: Facts): GateResult {
  return parkedIn(flows.r);
}

/** No flow emitted a change for a unit that its target owns. */
export function noForeignEvents({ flows }: Facts): GateResult {
  return worst('foreign', [flows.f, flows.r].map(foreignIn));
}

/** After a restart of connector or applier, flips are off until a comparison was clean. */
export function restartCheck({ flows }: Facts): GateResult {
  return worst('restart-check', [flows.f, flows.r].map(restartOf));
}

/** No incremental snapshot is open on either flow. */
export function noOpenBackfill({ flows }: Facts): GateResult {
  return worst('backfill', [flows.f, flows.r].map(backfillOf));
}

/** The service's copy was filled once. */
export function backfillDone({ flows }: Facts): GateResult {
  const limit = 'done';
  if (!isKnown(flows.f)) return notTold('backfill', limit, flows.f.unreachable);
  const { state, rows } = flows.f.backfill;
  const value = `${state}, ${rows} rows`;
  if (state === 'done') return pass('backfill', { value, limit });
  return fail('backfill', { value, limit }, { why: `the backfill of ${flows.f.flow} is ${state}`, next: 'wait until it is done' });
}

/** The flow that carries the owner's changes. */
export function fromOwner({ flows, unit }: Facts): FlowFact {
  return unit.owner === 'legacy' ? flows.f : flows.r;
}

function healthy(gate: string, name: string, flow: FlowFact): GateResult {
  const limit = 'healthy';
  if (!isKnown(flow)) return notTold(gate, limit, flow.unreachable);
  if (flow.healthy) return pass(gate, { value: 'healthy', limit });
  const why = flow.reasons.join('; ') || 'cdc gives no reason';
  return fail(gate, { value: 'not healthy', limit }, { why: `${name}: ${why}`, next: flow.applier.stopped?.next ?? look });
}

function versionOf(flow: FlowFact): GateResult {
  const limit = `≥ ${connectorFloor}`;
  if (!isKnown(flow)) return notTold('connector-version', limit, flow.unreachable);
  const value = flow.connector.version;
  if (isAtLeast(value, connectorFloor)) return pass('connector-version', { value, limit });
  return fail(
    'connector-version',
    { value, limit },
    { why: `the connector of ${flow.flow} may lose rows after a restart`, next: 'install Debezium 3.7.0.Final or newer' },
  );
}

/** Compares the leading numbers of two versions; text that is no version is never enough. */
export function isAtLeast(version: string, floor: string): boolean {
  const numbers = (text: string) =>
    text
      .match(/^(\d+)\.(\d+)\.(\d+)/)
      ?.slice(1)
      .map(Number);
  const [found, wanted] = [numbers(version), numbers(floor)];
  if (found === undefined || wanted === undefined) return false;
  for (const [index, number] of found.entries()) {
    const least = wanted[index] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

function parkedIn(flow: FlowFact): GateResult {
  if (!isKnown(flow)) return notTold('parked', '0', flow.unreachable);
  const value = String(flow.counts.parked);
  if (flow.counts.parked === 0 && flow.parkedTenants.length === 0) return pass('parked', { value, limit: '0' });
  const why = `${flow.flow} has parked events of ${flow.parkedTenants.join(', ') || 'some tenant'}`;
  return fail('parked', { value, limit: '0' }, { why, next: 'pnpm migrate parked' });
}

function foreignIn(flow: FlowFact): GateResult {
  if (!isKnown(flow)) return notTold('foreign', '0', flow.unreachable);
  const value = String(flow.counts.foreign);
  if (flow.counts.foreign === 0) return pass('foreign', { value, limit: '0' });
  return fail('foreign', { value, limit: '0' }, { why: `${flow.flow} emitted changes of a unit its target owns`, next: look });
}

function restartOf(flow: FlowFact): GateResult {
  const limit = 'not due';
  if (!isKnown(flow)) return notTold('restart-check', limit, flow.unreachable);
  if (!flow.restartCheckDue) return pass('restart-check', { value: limit, limit });
  const why = `${flow.flow} restarted and nothing was compared since`;
  return fail('restart-check', { value: 'due', limit }, { why, next: `pnpm migrate verify ${flow.slice}` });
}

function backfillOf(flow: FlowFact): GateResult {
  const limit = 'not open';
  if (!isKnown(flow)) return notTold('backfill', limit, flow.unreachable);
  if (flow.backfill.state !== 'open') return pass('backfill', { value: flow.backfill.state, limit });
  return fail(
    'backfill',
    { value: `open, ${flow.backfill.rows} rows`, limit },
    { why: `a backfill of ${flow.flow} is under way`, next: 'wait until it is done' },
  );
}

function notTold(gate: string, limit: string, why: string): GateResult {
  return unknown(gate, { value: '?', limit }, { why: `cdc does not tell: ${why}`, next: 'start cdc: pnpm stack status' });
}

/** Of several answers to one question the one that holds most: fail before unknown before pass. */
function worst(gate: string, results: GateResult[]): GateResult {
  const order = ['fail', 'unknown', 'pass'] as const;
  const found = order.map((verdict) => results.find((result) => result.verdict === verdict)).find((result) => result !== undefined);
  return { ...(found ?? unknown(gate, { value: '?', limit: '' }, { why: 'nothing was looked at', next: look })), gate };
}

/** Used by parity: how many events the owner's flow has applied, with what makes the count comparable. */
export function appliedCount(flow: FlowStatus): { incarnation: number; term: number; applied: number } {
  return { incarnation: flow.incarnation, term: flow.applier.term, applied: flow.counts.applied };
}

import type { GateResult } from '@atlas/contracts/control';
import type { Facts } from '../facts.ts';
import { budgetMs } from '../move/world.ts';
import { fail, pass, unknown } from './gate.ts';

/** Every registered gateway is leased and follows the current revision. None registered is none that could do wrong. */
export function gateways({ fleet }: Facts): GateResult {
  const limit = `all leased, at revision ${fleet.revision}`;
  const away = fleet.gateways.find((gateway) => !gateway.isLeased);
  const value = `${fleet.gateways.length} registered`;
  if (away !== undefined) {
    const why = `gateway ${away.id} has no lease`;
    return fail('gateways', { value, limit }, { why, next: `start it again, or: pnpm migrate gateway forget ${away.id}` });
  }
  const behind = fleet.gateways.find((gateway) => gateway.seenRevision < fleet.revision);
  if (behind === undefined) return pass('gateways', { value, limit });
  return fail('gateways', { value, limit }, { why: `gateway ${behind.id} is at revision ${behind.seenRevision}`, next: 'wait a second' });
}

/** A canary step lasts at least as long as the plan says. */
export function dwell({ unit, plan, splitAgeMs }: Facts): GateResult {
  const limit = `≥ ${plan.canary.stepSeconds} s a step`;
  const seconds = splitAgeMs === null ? null : splitAgeMs / 1_000;
  const value = `${unit.splitBasisPoints / 100} % for ${seconds === null ? '?' : seconds.toFixed(1)} s`;
  if (unit.splitBasisPoints === 0 || (seconds !== null && seconds >= plan.canary.stepSeconds)) return pass('dwell', { value, limit });
  return fail('dwell', { value, limit }, { why: `the split of ${unit.splitBasisPoints / 100} % is too young`, next: 'wait' });
}

/** No writer of the owner has been at it for more than half a move's budget: the fence would wait for it. */
export function writers({ unit, longestWriterMs }: Facts): GateResult {
  const limit = `≤ ${budgetMs / 2} ms`;
  const next = 'wait, or end the transaction';
  if (longestWriterMs === null) {
    const why = `the database of the owner (${unit.owner}) does not answer`;
    return unknown('writers', { value: '?', limit }, { why, next: 'pnpm stack status' });
  }
  const value = `${Math.round(longestWriterMs)} ms`;
  if (longestWriterMs <= budgetMs / 2) return pass('writers', { value, limit });
  return fail('writers', { value, limit }, { why: `a transaction has been writing for ${value}`, next });
}

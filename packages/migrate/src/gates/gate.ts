import type { GateResult } from '@atlas/contracts/control';
import type { Facts } from '../facts.ts';

/** One question about the facts. Pure; answers pass, fail or unknown, and unknown holds like fail. */
export type Gate = (facts: Facts) => GateResult;

type Found = { value: string; limit: string };

export function pass(gate: string, found: Found): GateResult {
  return { gate, verdict: 'pass', ...found, why: '', next: '' };
}

export function fail(gate: string, found: Found, because: { why: string; next: string }): GateResult {
  return { gate, verdict: 'fail', ...found, ...because };
}

export function unknown(gate: string, found: Found, because: { why: string; next: string }): GateResult {
  return { gate, verdict: 'unknown', ...found, ...because };
}

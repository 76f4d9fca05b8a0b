import type { GateResult } from '@atlas/contracts/control';
import type { EvidenceKind } from '@atlas/contracts/ledger';
import { type Facts, isKnown } from '../facts.ts';
import type { EvidenceRow } from '../ports/ledger.ts';
import { appliedCount, fromOwner } from './flows.ts';
import { fail, pass, unknown } from './gate.ts';

// In canary fewer and fewer reads are left to compare (none at 100 %): what shadow proved is believed this long, unless a newer comparison fails.
const inCanarySeconds = 3_600;

/** Both databases were found equal, not long ago, and not much changed since. */
export function parity(facts: Facts): GateResult {
  const { maxAgeSeconds, maxRowsChanged } = facts.plan.parity;
  const next = `pnpm migrate verify ${facts.unit.slice}`;
  const limit = `clean, ≤ ${maxAgeSeconds} s, ≤ ${maxRowsChanged} rows changed`;
  const row = facts.evidence.parity;
  if (row === undefined) return unknown('parity', { value: 'never verified', limit }, { why: 'both databases were never compared', next });
  const changed = rowsChangedSince(facts, row);
  const value = `${row.verdict}, ${Math.round(row.ageSeconds)} s, ${changed ?? '?'} rows changed`;
  if (row.verdict !== 'pass') {
    const why = `the last verify found ${String(row.value['mismatchCount'] ?? 'some')} rows that differ`;
    return fail('parity', { value, limit }, { why, next: `see them: pnpm migrate verify ${facts.unit.slice} --json` });
  }
  if (row.value['source'] !== facts.unit.owner)
    return unknown('parity', { value, limit }, { why: 'the last verify was before the owner changed', next });
  if (row.ageSeconds > maxAgeSeconds)
    return fail('parity', { value, limit }, { why: `the last clean verify is ${Math.round(row.ageSeconds)} s old`, next });
  if (changed === null)
    return unknown('parity', { value, limit }, { why: 'the applier restarted since the last verify, or does not tell', next });
  if (changed > maxRowsChanged) return fail('parity', { value, limit }, { why: `${changed} rows changed since the last verify`, next });
  return pass('parity', { value, limit });
}

function rowsChangedSince(facts: Facts, row: EvidenceRow): number | null {
  const flow = fromOwner(facts);
  if (!isKnown(flow)) return null;
  const then = row.value['applied'] as { incarnation?: unknown; term?: unknown; applied?: unknown } | undefined;
  const now = appliedCount(flow);
  if (then?.incarnation !== now.incarnation || then.term !== now.term || typeof then.applied !== 'number') return null;
  return now.applied >= then.applied ? now.applied - then.applied : null;
}

/** Sampled reads answered the same on both sides. */
export function shadow(facts: Facts): GateResult {
  const { minSamples, maxMismatchPercent } = facts.plan.shadow;
  const limit = `≥ ${minSamples} samples, ≤ ${maxMismatchPercent} % mismatch`;
  const next = 'send reads through the gateway while the slice is in shadow';
  const row = believed(facts, 'shadow', limit, next, facts.unit.phase === 'canary' ? inCanarySeconds : null);
  if ('gate' in row) return row;
  const samples = numberOf(row, 'samples');
  const mismatches = numberOf(row, 'mismatches');
  const value = `${samples ?? '?'} samples, ${mismatches ?? '?'} mismatches`;
  if (samples === null || mismatches === null) return unknown('shadow', { value, limit }, { why: 'the evidence has no counts', next });
  if (samples < minSamples) return unknown('shadow', { value, limit }, { why: 'too few samples', next });
  if ((mismatches / samples) * 100 > maxMismatchPercent)
    return fail(
      'shadow',
      { value, limit },
      { why: 'the service answers differently', next: 'look at the gateway’s mismatches, fix the service, take new evidence' },
    );
  return pass('shadow', { value, limit });
}

/** The consumers' contracts hold on both sides, as both sides run now. */
export function pact(facts: Facts): GateResult {
  const limit = `both sides as they run, ≤ ${facts.plan.pact.maxAgeSeconds} s`;
  const next = 'pnpm --filter @atlas/pact verify';
  const row = believed(facts, 'pact', limit, next, facts.plan.pact.maxAgeSeconds);
  if ('gate' in row) return row;
  const verified = contentsOf(row);
  const { contents } = facts;
  const value = `legacy ${short(verified.legacy)}, service ${short(verified.extracted)}`;
  if (contents.legacy === null || contents.extracted === null) {
    const silent = contents.legacy === null ? 'the legacy' : 'the service';
    return unknown('pact', { value, limit }, { why: `${silent} does not say which build it is`, next: 'pnpm stack status' });
  }
  if (verified.legacy !== contents.legacy || verified.extracted !== contents.extracted) {
    const why = `verified builds are not the ones that run (legacy ${short(contents.legacy)}, service ${short(contents.extracted)})`;
    return fail('pact', { value, limit }, { why, next });
  }
  return pass('pact', { value, limit });
}

/** The steady load run met its thresholds. */
export function load(facts: Facts): GateResult {
  const { p99MsMax, errorRateMax, maxAgeSeconds } = facts.plan.load;
  const limit = `p99 ≤ ${p99MsMax} ms, errors ≤ ${errorRateMax}, ≤ ${maxAgeSeconds} s`;
  const next = 'pnpm --filter @atlas/load steady';
  const row = believed(facts, 'load', limit, next, maxAgeSeconds);
  if ('gate' in row) return row;
  const p99Ms = numberOf(row, 'p99Ms');
  const errorRate = numberOf(row, 'errorRate');
  const value = `p99 ${p99Ms ?? '?'} ms, errors ${errorRate ?? '?'}`;
  if (p99Ms === null || errorRate === null)
    return unknown('load', { value, limit }, { why: 'the evidence has no p99Ms and errorRate', next });
  if (p99Ms > p99MsMax || errorRate > errorRateMax)
    return fail('load', { value, limit }, { why: 'the load run was over its threshold', next });
  return pass('load', { value, limit });
}

/** The latest row if it may be believed at all, else the gate's answer. Without `maxAgeSeconds` the row's own end of life counts. */
function believed(facts: Facts, kind: EvidenceKind, limit: string, next: string, maxAgeSeconds: number | null): EvidenceRow | GateResult {
  const row = facts.evidence[kind];
  if (row === undefined) return unknown(kind, { value: 'no evidence', limit }, { why: `no ${kind} evidence was recorded`, next });
  const value = `${row.verdict}, ${Math.round(row.ageSeconds)} s`;
  if (row.verdict !== 'pass')
    return {
      ...(row.verdict === 'fail' ? fail : unknown)(kind, { value, limit }, { why: `the last ${kind} evidence says ${row.verdict}`, next }),
    };
  if (maxAgeSeconds === null ? row.isExpired : row.ageSeconds > maxAgeSeconds)
    return unknown(kind, { value, limit }, { why: `the ${kind} evidence is ${Math.round(row.ageSeconds)} s old and has expired`, next });
  return row;
}

function contentsOf(row: EvidenceRow): { legacy: unknown; extracted: unknown } {
  const { legacyContent, extractedContent } = row.value;
  return { legacy: legacyContent, extracted: extractedContent };
}

function numberOf(row: EvidenceRow, name: string): number | null {
  const value = row.value[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function short(hash: unknown): string {
  return typeof hash === 'string' ? hash.slice(0, 12) : '?';
}

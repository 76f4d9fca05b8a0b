import type { Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import type { Facts } from './facts.ts';
import type { EvidenceRow } from './ports/ledger.ts';
import { healthyFlow } from './ports/streams.memory.ts';

/** A plan with small windows, for tests. */
export const testPlan: SlicePlan = {
  slice: 'notifications',
  upstream: 'notifications',
  stickiness: 'user',
  routes: [],
  canary: { steps: [5, 25, 100], stepSeconds: 3 },
  shadow: { samplePercent: 100, minSamples: 10, maxMismatchPercent: 1, windowSeconds: 5 },
  parity: { maxAgeSeconds: 60, maxRowsChanged: 100 },
  lag: { maxMs: 250, maxMsP99: 500 },
  load: { p99MsMax: 300, errorRateMax: 0, maxAgeSeconds: 600 },
  pact: { maxAgeSeconds: 600 },
  move: { holdMsMax: 15_000, heldRequestsMax: 100, heldBytesMax: 1_000_000 },
};

export function testUnit(change: Partial<Unit> = {}): Unit {
  const unit: Unit = {
    slice: 'notifications',
    tenant: '*',
    phase: 'legacy',
    owner: 'legacy',
    reads: 'legacy',
    epoch: 1n,
    move: null,
    splitBasisPoints: 0,
    version: 1n,
  };
  return { ...unit, ...change };
}

export function testEvidence(kind: EvidenceRow['kind'], value: Record<string, unknown>, change: Partial<EvidenceRow> = {}): EvidenceRow {
  const times = { takenAt: new Date(0).toISOString(), expiresAt: new Date(60_000).toISOString() };
  return { id: 1, kind, subject: 'notifications', verdict: 'pass', value, ...times, ageSeconds: 5, isExpired: false, ...change };
}

/** Facts on which every gate passes. */
export function goodFacts(change: Partial<Facts> = {}): Facts {
  return {
    unit: testUnit({ phase: 'canary', splitBasisPoints: 10_000 }),
    plan: testPlan,
    nowMs: 0,
    flows: { f: healthyFlow('f.notifications', 'legacy'), r: healthyFlow('r.notifications', 'extracted') },
    fleet: {
      revision: 7n,
      gateways: [{ id: 'g', url: '', isLeased: true, leaseUntil: new Date(0), seenRevision: 7n, drainedRevision: 7n }],
    },
    evidence: {
      parity: testEvidence('parity', { source: 'legacy', mismatchCount: 0, applied: { incarnation: 1, term: 1, applied: 0 } }),
      shadow: testEvidence('shadow', { samples: 100, mismatches: 0 }),
      pact: testEvidence('pact', { legacyContent: 'l', extractedContent: 's' }),
      load: testEvidence('load', { p99Ms: 20, errorRate: 0 }),
    },
    contents: { legacy: 'l', extracted: 's' },
    longestWriterMs: 0,
    splitAgeMs: 10_000,
    ...change,
  };
}

import type { FlowStatus } from '@atlas/contracts/flow';
import { expect, test } from 'vitest';
import type { Facts } from '../facts.ts';
import { healthyFlow } from '../ports/streams.memory.ts';
import { goodFacts, testEvidence, testUnit } from '../testing.memory.ts';
import { askGates, type GateName, gates, holding } from './all.ts';
import { isAtLeast } from './flows.ts';

const names = Object.keys(gates) as GateName[];

test('with good facts every gate passes', () => {
  expect(holding(askGates(names, goodFacts()))).toEqual([]);
});

const f = (change: Partial<FlowStatus>): Partial<Facts> => ({
  flows: { f: { ...healthyFlow('f.notifications', 'legacy'), ...change }, r: healthyFlow('r.notifications', 'extracted') },
});
const r = (change: Partial<FlowStatus>): Partial<Facts> => ({
  flows: { f: healthyFlow('f.notifications', 'legacy'), r: { ...healthyFlow('r.notifications', 'extracted'), ...change } },
});
const counts = (change: Partial<FlowStatus['counts']>) => ({ ...healthyFlow('f.notifications', 'legacy').counts, ...change });
const evidence = (row: ReturnType<typeof testEvidence>): Partial<Facts> => ({ evidence: { ...goodFacts().evidence, [row.kind]: row } });
const without = (kind: 'parity' | 'shadow' | 'pact' | 'load'): Partial<Facts> => {
  const { [kind]: _gone, ...rest } = goodFacts().evidence;
  return { evidence: rest };
};
const gateway = { id: 'g', url: '', isLeased: true, leaseUntil: new Date(0), seenRevision: 7n, drainedRevision: 7n };
const applied = { incarnation: 1, term: 1, applied: 0 };

// What is wrong, the gate that must hold, how, and what it must say.
const cases: [string, Partial<Facts>, GateName, 'fail' | 'unknown', string][] = [
  ['a connector is down', f({ healthy: false, reasons: ['slot is not active'] }), 'flows', 'fail', 'f.notifications: slot is not active'],
  ['the reverse flow is down', r({ healthy: false, reasons: ['applier stopped'] }), 'flows', 'fail', 'r.notifications: applier stopped'],
  ['the reverse flow is down', r({ healthy: false, reasons: ['applier stopped'] }), 'flow-back', 'fail', 'applier stopped'],
  ['cdc is away', { flows: { f: { unreachable: 'refused' }, r: { unreachable: 'refused' } } }, 'flows', 'unknown', 'cdc does not tell'],
  [
    'an old connector',
    f({ connector: { state: 'RUNNING', version: '3.6.2.Final', restartedAt: null } }),
    'connector-version',
    'fail',
    'may lose rows',
  ],
  ['lag now', f({ lagMs: 251 }), 'lag', 'fail', 'behind'],
  ['lag p99', f({ lagMsP99: 501 }), 'lag', 'fail', 'behind'],
  ['lag not measured', f({ lagMs: null }), 'lag', 'unknown', 'not measured'],
  ['a backfill is open', f({ backfill: { state: 'open', id: 'b', rows: 5, epoch: '1' } }), 'backfill-closed', 'fail', 'under way'],
  ['no backfill yet', f({ backfill: { state: 'none', id: null, rows: 0, epoch: null } }), 'backfill-done', 'fail', 'none'],
  ['something parked', f({ counts: counts({ parked: 1 }), parkedTenants: ['t1'] }), 'parked', 'fail', 't1'],
  ['something parked on the way back', r({ counts: counts({ parked: 1 }), parkedTenants: ['t1'] }), 'parked-back', 'fail', 't1'],
  ['a foreign event', r({ counts: counts({ foreign: 1 }) }), 'foreign', 'fail', 'its target owns'],
  ['a restart without a check', f({ restartCheckDue: true }), 'restart-check', 'fail', 'nothing was compared'],
  ['never verified', without('parity'), 'parity', 'unknown', 'never compared'],
  ['a mismatch', evidence(testEvidence('parity', { source: 'legacy', mismatchCount: 3 }, { verdict: 'fail' })), 'parity', 'fail', '3 rows'],
  ['a stale verify', evidence(testEvidence('parity', { source: 'legacy', applied }, { ageSeconds: 61 })), 'parity', 'fail', '61 s old'],
  [
    'a verify of the former owner',
    evidence(testEvidence('parity', { source: 'extracted', applied })),
    'parity',
    'unknown',
    'before the owner changed',
  ],
  ['many rows changed since', f({ counts: counts({ applied: 101 }) }), 'parity', 'fail', '101 rows changed'],
  ['the applier restarted since', f({ applier: { running: true, term: 2, stopped: null } }), 'parity', 'unknown', 'restarted'],
  ['no shadow', without('shadow'), 'shadow', 'unknown', 'no shadow evidence'],
  ['few samples', evidence(testEvidence('shadow', { samples: 9, mismatches: 0 })), 'shadow', 'unknown', 'too few'],
  ['shadow mismatches', evidence(testEvidence('shadow', { samples: 100, mismatches: 2 })), 'shadow', 'fail', 'differently'],
  [
    'an expired shadow',
    { ...evidence(testEvidence('shadow', { samples: 100, mismatches: 0 }, { isExpired: true })), unit: testUnit({ phase: 'shadow' }) },
    'shadow',
    'unknown',
    'expired',
  ],
  ['a broken pact', evidence(testEvidence('pact', {}, { verdict: 'fail' })), 'pact', 'fail', 'says fail'],
  ['a pact of another build', { contents: { legacy: 'l', extracted: 'newer' } }, 'pact', 'fail', 'not the ones that run'],
  ['a side that does not say its build', { contents: { legacy: null, extracted: 's' } }, 'pact', 'unknown', 'the legacy does not say'],
  [
    'an old pact',
    evidence(testEvidence('pact', { legacyContent: 'l', extractedContent: 's' }, { ageSeconds: 601 })),
    'pact',
    'unknown',
    'expired',
  ],
  ['a slow load run', evidence(testEvidence('load', { p99Ms: 301, errorRate: 0 })), 'load', 'fail', 'threshold'],
  ['load evidence without figures', evidence(testEvidence('load', {})), 'load', 'unknown', 'no p99Ms'],
  [
    'a gateway without a lease',
    { fleet: { revision: 7n, gateways: [{ ...gateway, isLeased: false }] } },
    'gateways',
    'fail',
    'gateway g has no lease',
  ],
  ['a gateway behind', { fleet: { revision: 8n, gateways: [gateway] } }, 'gateways', 'fail', 'at revision 7'],
  ['a long writer', { longestWriterMs: 1_001 }, 'writers', 'fail', '1001 ms'],
  ['a database that does not answer', { longestWriterMs: null }, 'writers', 'unknown', 'does not answer'],
  ['a young split', { splitAgeMs: 2_999 }, 'dwell', 'fail', 'too young'],
];

test.each(cases)('%s: gate holds', (_label, change, gate, verdict, why) => {
  const result = gates[gate](goodFacts(change));
  expect(result.verdict).toBe(verdict);
  expect(result.why).toContain(why);
  expect(result.next).not.toBe('');
});

test('every gate has a case in which it holds', () => {
  expect(names.filter((name) => !cases.some(([, , gate]) => gate === name))).toEqual([]);
});

test('in canary what shadow proved is believed on, unless a newer comparison fails', () => {
  const expired = testEvidence('shadow', { samples: 100, mismatches: 0 }, { isExpired: true, ageSeconds: 120 });
  expect(gates.shadow(goodFacts(evidence(expired))).verdict).toBe('pass');
  expect(gates.shadow(goodFacts(evidence({ ...expired, verdict: 'fail' }))).verdict).toBe('fail');
  expect(gates.shadow(goodFacts(evidence({ ...expired, ageSeconds: 3_601 }))).verdict).toBe('unknown');
});

test.each([
  ['3.7.0.Final', true],
  ['3.10.0.Final', true],
  ['4.0.0', true],
  ['3.6.9.Final', false],
  ['unknown', false],
])('connector version %s is enough: %s', (version, isEnough) => {
  expect(isAtLeast(version, '3.7.0')).toBe(isEnough);
});

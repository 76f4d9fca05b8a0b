import type { JournalEntry } from '@atlas/contracts/control';
import { expect, test } from 'vitest';
import type { AuditReport } from '../audit/judge.ts';
import { parseDemoArguments } from './arguments.ts';
import { closingText, type DemoResult, figuresJson, isGood } from './closing.ts';
import { figuresOf } from './moves.ts';
import { wayOf } from './walk.ts';

const entry = (kind: string, payload: Record<string, unknown>): JournalEntry => ({
  seq: '1',
  at: '',
  slice: 's',
  tenant: '*',
  kind,
  payload,
  prevHash: '',
  hash: '',
});
const release = (direction: string, heldMs: number, timings = {}) => entry('move.release', { direction, heldMs, timings });
const clean: AuditReport = {
  requests: 5412,
  failed: 0,
  slowestMs: 312,
  acknowledgedWrites: 1204,
  acknowledgedSignUps: 20,
  acknowledgedTeamChanges: 30,
  acknowledgedDeletions: 10,
  forgetting: 0,
  acknowledgedRows: 900,
  lost: 0,
  doubled: 0,
  unexplained: 0,
  staleOwnReads: 0,
  mailsAccepted: 910,
  mailsDelivered: 910,
  mailsDoubled: 0,
  details: [],
};
const result = (changes: Partial<DemoResult> = {}): DemoResult => ({
  way: ['legacy', 'extracted', 'legacy', 'extracted'],
  versions: ['2.8.102', '2.8.108'],
  audit: clean,
  moves: figuresOf([
    release('cutover', 148, { fence: 9, 'catch-up': 71, compare: 24, commit: 4, reads: 8, open: 4 }),
    release('reverse', 161),
    release('cutover', 140, { fence: 9 }),
    entry('phase', {}),
  ]),
  seconds: 60,
  urls: { mailbox: 'http://m', flags: 'http://f' },
  isKept: true,
  failure: undefined,
  ...changes,
});

test('figures of the moves come from the journal: medians for the steps, all moves for the hold', () => {
  const { moves } = result();
  expect(moves).toMatchObject({ flips: 2, reversals: 1, aborted: 0, holdMs: { p50: 148, p99: 161 }, reverseHeldMs: 161 });
  expect(moves.cutover).toMatchObject({ heldMs: 140, fence: 9 });
  expect(figuresOf([])).toMatchObject({ flips: 0, holdMs: { p50: 0, p99: 0 } });
  expect(figuresOf([entry('move.aborted', {})]).aborted).toBe(1);
});

test('the closing lines say what was measured', () => {
  const text = closingText(result());
  expect(text).toContain('@stackframe/js 2.8.102 and 2.8.108, unmodified: 5,412 requests, 0 failed, slowest 312 ms');
  expect(text).toContain('1,204 acknowledged · lost 0 · doubled 0 · own reads stale 0 · mails accepted 910, delivered 910, doubled 0');
  expect(text).toContain('open the mailbox http://m');
  expect(figuresJson(result())).toMatchObject({ flips: 2, reversals: 1, acknowledgedWrites: 1204, holdMs: { p50: 148, p99: 161 } });
});

test.each<[string, Partial<DemoResult>]>([
  ['a lost write', { audit: { ...clean, lost: 1 } }],
  ['a doubled write', { audit: { ...clean, doubled: 1 } }],
  ['an unexplained row', { audit: { ...clean, unexplained: 1 } }],
  ['a stale own read', { audit: { ...clean, staleOwnReads: 1 } }],
  ['a failed request', { audit: { ...clean, failed: 1 } }],
  ['a doubled mail', { audit: { ...clean, mailsDoubled: 1 } }],
  ['a mail that never arrived', { audit: { ...clean, mailsDelivered: 909 } }],
  ['a flip too few', { moves: figuresOf([release('cutover', 1), release('reverse', 1)]) }],
  ['a walk that got stuck', { failure: 'it waits' }],
])('%s makes the demo fail', (_name, changes) => {
  expect(isGood(result(), { flips: 2, reversals: 1 })).toBe(true);
  expect(isGood(result(changes), { flips: 2, reversals: 1 })).toBe(false);
});

test('the way is told once a phase, with the steps of canary in one', () => {
  const places = [
    'legacy',
    'replicating',
    'shadow',
    'canary 0 %',
    'canary 5 %',
    'canary 25 %',
    'canary 100 %',
    'extracted',
    'legacy',
    'legacy',
  ];
  expect(wayOf(places)).toEqual(['legacy', 'replicating', 'shadow', 'canary 5 25 100 %', 'extracted', 'legacy']);
  expect(wayOf(['shadow', 'canary 5 %', 'extracted'])).toEqual(['shadow', 'canary 5 %', 'extracted']);
});

test('arguments are understood or named', () => {
  expect(parseDemoArguments(['--keep', '--json', 'out.json'])).toEqual({ isShort: false, isKept: true, jsonFile: 'out.json' });
  expect(parseDemoArguments(['--quick'])).toHaveProperty('mistake');
});

import { expect, test } from 'vitest';
import { notificationsPlan } from '../../test/support/plan.ts';
import { type ShadowResult, ShadowWindow } from './window.ts';

const now = new Date('2030-01-01T00:00:00Z');

function slice(change: object) {
  const [one] = notificationsPlan().slices;
  if (one === undefined) throw new Error('no slice');
  return { ...one, shadow: { samplePercent: 100, minSamples: 3, maxMismatchPercent: 10, windowSeconds: 10, ...change } };
}

function evidence(results: ShadowResult[], change: object = {}) {
  const window = new ShadowWindow();
  for (const result of results) window.add({ atMs: 0, result, paths: result === 'mismatch' ? ['items[].enabled'] : [] });
  return window.evidence(slice(change), 1_000, now);
}

const matches = (count: number): ShadowResult[] => Array.from({ length: count }, () => 'match');

test.each([
  ['too few samples', 'unknown', matches(2)],
  ['only matches', 'pass', matches(3)],
  ['mismatches within the limit', 'pass', [...matches(9), 'mismatch']],
  ['mismatches above the limit', 'fail', [...matches(8), 'mismatch']],
  ['errors of the candidate above the limit', 'fail', [...matches(2), 'error']],
  ['differences explained by lag', 'pass', [...matches(3), 'lag', 'lag']],
  ['what was dropped or unstable is no sample', 'unknown', ['dropped', 'unstable', 'dropped', 'match', 'match']],
] as const)('%s: %s', (_label, verdict, results) => {
  expect(evidence([...results])?.verdict).toBe(verdict);
});

test('the row counts each kind apart and gives paths as examples', () => {
  const row = evidence([...matches(3), 'mismatch', 'mismatch', 'lag', 'unstable', 'dropped']);
  expect(row).toMatchObject({
    kind: 'shadow',
    subject: 'notifications',
    value: { samples: 6, mismatches: 2, ignored: 2, lag: 1, dropped: 1, paths: ['items[].enabled'] },
    takenAt: '2030-01-01T00:00:00.000Z',
    expiresAt: '2030-01-01T00:00:30.000Z',
  });
});

test('what is older than the window is forgotten, and nothing is no evidence', () => {
  const window = new ShadowWindow();
  window.add({ atMs: 0, result: 'mismatch', paths: [] });
  window.add({ atMs: 9_000, result: 'match', paths: [] });
  expect(window.evidence(slice({}), 10_500, now)?.value).toMatchObject({ samples: 1, mismatches: 0 });
  expect(window.evidence(slice({}), 30_000, now)).toBeNull();
});

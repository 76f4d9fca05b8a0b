import { expect, test } from 'vitest';
import { nextStep } from './next-step.ts';
import { testPlan, testUnit } from './testing.memory.ts';

const canary = (percent: number) => testUnit({ phase: 'canary', splitBasisPoints: percent * 100 });
const step = (unit: ReturnType<typeof testUnit>, want: 'canary' | 'extracted' | 'legacy' | 'shadow', split: number | null = null) =>
  nextStep(unit, { want, split }, testPlan);

test('canary rises by the plan’s steps, one at a time', () => {
  expect(step(canary(0), 'canary')).toEqual({ kind: 'raise', percent: 5 });
  expect(step(canary(5), 'canary')).toEqual({ kind: 'raise', percent: 25 });
  expect(step(canary(25), 'extracted')).toEqual({ kind: 'raise', percent: 100 });
  expect(step(canary(100), 'canary')).toEqual({ kind: 'there' });
});

test('a limit between two steps is reached and not passed', () => {
  expect(step(canary(5), 'canary', 10)).toEqual({ kind: 'raise', percent: 10 });
  expect(step(canary(10), 'canary', 10)).toEqual({ kind: 'there' });
});

test('a smaller limit lowers the split at once', () => {
  expect(step(canary(100), 'canary', 25)).toEqual({ kind: 'lower', percent: 25 });
});

test('cutover waits for the last step: a capped split says so', () => {
  expect(step(canary(25), 'extracted', 25)).toEqual({ kind: 'capped', percent: 25 });
  expect(step(canary(100), 'extracted')).toMatchObject({ kind: 'transition', transition: { kind: 'cutover' } });
});

test('from canary back to shadow no split step is in the way', () => {
  expect(step(canary(25), 'shadow')).toMatchObject({ kind: 'transition', transition: { kind: 'revert', to: 'shadow' } });
});

test('there is no way to retired', () => {
  expect(nextStep(testUnit({ phase: 'extracted' }), { want: 'retired', split: null }, testPlan)).toEqual({ kind: 'no-way' });
});

import { expect, test } from 'vitest';
import { add, closingLine, countsOf } from './counts.ts';
import { planTests } from './test-plan.ts';

const clean = { numPassedTests: 4, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [] };

test('the closing line counts what passed, failed and was skipped', () => {
  expect(closingLine(add(countsOf(clean, 0), { passed: 7, failed: 0, skipped: 0 }))).toBe('11 passed, 0 failed, 2 skipped');
});

test('a run without a report, a crashed run and a file that could not be loaded are failures', () => {
  expect(countsOf(undefined, 1).failed).toBe(1);
  expect(countsOf(clean, 1).failed).toBe(1);
  expect(countsOf({ ...clean, testResults: [{ status: 'failed', assertionResults: [] }] }, 1).failed).toBe(1);
});

test('pnpm test runs everything, pnpm test run <service> one folder', () => {
  expect(planTests([])).toEqual({ checks: true, projects: ['unit', 'int'], e2e: true });
  expect(planTests(['run', 'gateway'])).toEqual({ checks: false, projects: ['unit', 'int'], e2e: false, folder: 'gateway' });
  expect(planTests(['run', 'nobody'])).toEqual({ mistake: 'there is no service "nobody"' });
  expect(planTests(['gateway'])).toEqual({ mistake: 'not understood: gateway' });
});

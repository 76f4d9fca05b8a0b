import { expect, test } from 'vitest';
import { Metrics, percentile, summarise } from './metrics.ts';
import { unmet } from './thresholds.ts';

const metrics = new Metrics();
for (let ms = 1; ms <= 100; ms += 1) metrics.request(ms, ms === 100);
const summary = summarise('test', metrics);

test('percentiles are by nearest rank', () => {
  expect(summary).toMatchObject({ requests: 100, medMs: 50, p90Ms: 90, p99Ms: 99, maxMs: 100, errorRate: 0.01, checkRate: 1 });
  expect(percentile([], 99)).toBe(0);
});

test('a threshold that is met is not mentioned, one that is not says what was found', () => {
  expect(unmet({ http_req_duration: ['p(99)<=99', 'max<101'], http_req_failed: ['rate<=0.01'] }, summary)).toEqual([]);
  expect(unmet({ http_req_duration: ['p(99)<=98.9'], http_req_failed: ['rate<=0'] }, summary)).toEqual([
    'http_req_duration p(99)<=98.9, is 99',
    'http_req_failed rate<=0, is 0.01',
  ]);
});

test('a run without requests has met nothing', () => {
  expect(unmet({ http_req_failed: ['rate<=0'] }, summarise('test', new Metrics()))).toHaveLength(1);
});

test('a threshold the runner does not know is an error, not a pass', () => {
  expect(() => unmet({ http_req_duration: ['avg<200'] }, summary)).toThrow('does not know the threshold');
  expect(() => unmet({ vus: ['value>1'] }, summary)).toThrow('does not know the threshold');
});

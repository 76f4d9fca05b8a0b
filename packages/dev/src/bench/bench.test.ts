import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLoop, percentile } from './open-loop.ts';
import { fullReads, readPlans } from './plans.ts';

test('a percentile is the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([50, 95, 99].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99]);
  expect(percentile([], 99)).toBeNaN();
});

test('what a stalled server makes others wait for counts', async () => {
  let free = Promise.resolve();
  const series = await openLoop({ perSecond: 200, seconds: 0.1 }, (n) => {
    free = free.then(() => new Promise((resolve) => setTimeout(resolve, n === 0 ? 60 : 0)));
    return free;
  });
  expect(series).toMatchObject({ requests: 20, failed: 0 });
  expect(series.p50).toBeGreaterThan(10);
});

test('an answer that is not the one asked for has failed', async () => {
  const series = await openLoop({ perSecond: 500, seconds: 0.01 }, () => Promise.reject(new Error('no')));
  expect(series).toMatchObject({ requests: 5, failed: 5 });
});

test('a big table read from end to end is found in the log, also inside a plan; a small one may be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plans-'));
  const log = join(folder, 'postgres.log');
  const entry = (query: string, plan: object) =>
    `LOG:  duration: 0.1 ms  plan:\n\t${JSON.stringify({ 'Query Text': query, Plan: plan }, null, 2).replaceAll('\n', '\n\t')}\nLOG:  more\n`;
  const scan = (table: string, kind = 'Seq Scan') => ({ 'Node Type': kind, 'Relation Name': table });
  writeFileSync(
    log,
    [
      entry('select 1', scan('ProjectUser', 'Index Scan')),
      entry('select 2', { 'Node Type': 'Nested Loop', Plans: [scan('Project'), scan('TeamMember')] }),
    ].join(''),
  );
  const plans = readPlans(log, 0);
  rmSync(folder, { recursive: true });
  expect(plans).toHaveLength(2);
  expect(fullReads(plans)).toEqual([{ table: 'TeamMember', query: 'select 2' }]);
});

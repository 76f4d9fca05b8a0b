import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Summary } from './metrics.ts';

/** k6's exit code when a threshold was crossed; any other but 0 means that it did not measure. */
const thresholdsCrossed = 99;

/** Runs the script with k6 from PATH, in k6's own process. Undefined when there is no k6. */
export async function runWithK6(
  path: string,
  env: Record<string, string>,
): Promise<{ summary: Summary; unmet: string[]; errors: string[] } | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'atlas-k6-'));
  const file = join(folder, 'summary.json');
  const settings = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  try {
    const code = await exitOf('k6', ['run', '--quiet', '--summary-export', file, ...settings, path]);
    if (code === 'ENOENT') return undefined;
    if (code !== 0 && code !== thresholdsCrossed) throw new Error(`k6 ended with ${code}`);
    const summary = summaryOf(JSON.parse(readFileSync(file, 'utf8')));
    return { summary, unmet: code === 0 ? [] : ['k6 says that a threshold was crossed'], errors: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Exported = { metrics: Record<string, Record<string, number> | undefined> };

function summaryOf({ metrics }: Exported): Summary {
  const value = (metric: string, statistic: string) => metrics[metric]?.[statistic] ?? 0;
  return {
    tool: 'k6',
    requests: value('http_reqs', 'count'),
    iterations: value('iterations', 'count'),
    droppedIterations: value('dropped_iterations', 'count'),
    medMs: value('http_req_duration', 'med'),
    p90Ms: value('http_req_duration', 'p(90)'),
    p99Ms: value('http_req_duration', 'p(99)'),
    maxMs: value('http_req_duration', 'max'),
    errorRate: value('http_req_failed', 'value'),
    checkRate: value('checks', 'value'),
  };
}

function exitOf(command: string, args: string[]): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2] });
    child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve('ENOENT') : reject(error)));
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Summary } from './node-runner/metrics.ts';
import { runWithK6 } from './node-runner/real-k6.ts';
import { runScript } from './node-runner/run-script.ts';

const usage = `usage: pnpm --filter @atlas/load steady [options]      runs steady.ts with k6 if it is on PATH, else with the runner on Node
  --engine auto|node|k6
  --no-evidence      only measure; otherwise the result goes to the control plane at MIGRATE_URL
  --json             the result as JSON on stdout
settings (environment): BASE_URL, RATE (visits a second), SECONDS, P99_MS_MAX, ERROR_RATE_MAX (default: the plan's)`;

const slice = 'notifications';
const thresholdsCrossed = 99;
const timeoutMs = 10_000;
type Limits = { p99MsMax: number; errorRateMax: number; maxAgeSeconds: number };

// Exit codes as k6's: 0 thresholds met, 99 not met, 1 not measured, 2 not understood.
if (import.meta.main) process.exit(await main());

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const bool = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({ options: { engine: text, 'no-evidence': bool, json: bool }, allowPositionals: true });
  const engine = values.engine ?? 'auto';
  if (positionals.length !== 1 || !['auto', 'node', 'k6'].includes(engine)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  try {
    const limits = planLimits(readFileSync(join(import.meta.dirname, '../migration-plan.md'), 'utf8'));
    const result = await measure(resolve(positionals[0] ?? ''), engine, settings(limits));
    const isMet = result.unmet.length === 0;
    if (!values['no-evidence']) await postEvidence(result.summary, isMet, limits);
    if (values.json) process.stdout.write(`${JSON.stringify({ ...result.summary, unmet: result.unmet })}\n`);
    process.stderr.write(
      `${lineOf(result.summary)}\n${[...result.unmet, ...result.errors].map((each) => `  not met: ${each}\n`).join('')}`,
    );
    return isMet ? 0 : thresholdsCrossed;
  } catch (error) {
    process.stderr.write(`not measured: ${(error as Error).message}\n`);
    return 1;
  }
}

async function measure(path: string, engine: string, env: Record<string, string>) {
  const byK6 = engine === 'node' ? undefined : await runWithK6(path, env);
  if (byK6 !== undefined) return byK6;
  if (engine === 'k6') throw new Error('k6 is not on PATH');
  return runScript(path, env);
}

/** The load limits of the slice's block in the plan. Throws when they are not there: a run without limits proves nothing. */
export function planLimits(plan: string): Limits {
  const block = new RegExp(`^slice: ${slice}$[\\s\\S]*?^load:\\n((?:  .*\\n)+)`, 'm').exec(plan)?.[1] ?? '';
  const value = (name: string) => {
    const [, found] = new RegExp(`^  ${name}: ([\\d.]+)$`, 'm').exec(block) ?? [];
    if (found === undefined) throw new Error(`migration-plan.md has no load.${name} for ${slice}`);
    return Number(found);
  };
  return { p99MsMax: value('p99MsMax'), errorRateMax: value('errorRateMax'), maxAgeSeconds: value('maxAgeSeconds') };
}

function settings(limits: Limits): Record<string, string> {
  const given = ['BASE_URL', 'RATE', 'SECONDS', 'P99_MS_MAX', 'ERROR_RATE_MAX', 'CLIENT_KEY', 'SERVER_KEY', 'PROJECT'];
  const own = given.flatMap((name): [string, string][] => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const planned = { BASE_URL: local('02'), P99_MS_MAX: String(limits.p99MsMax), ERROR_RATE_MAX: String(limits.errorRateMax) };
  return { ...planned, ...Object.fromEntries(own) };
}

async function postEvidence(summary: Summary, isMet: boolean, limits: Limits): Promise<void> {
  const now = Date.now();
  const evidence = {
    kind: 'load',
    subject: slice,
    verdict: isMet ? 'pass' : 'fail',
    value: summary,
    takenAt: new Date(now).toISOString(),
    expiresAt: new Date(now + limits.maxAgeSeconds * 1000).toISOString(),
  };
  const response = await fetch(`${process.env['MIGRATE_URL'] ?? local('08')}/evidence`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(evidence),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 201) throw new Error(`the control plane answered ${response.status} to the evidence: ${await response.text()}`);
}

function lineOf(summary: Summary): string {
  const { tool, requests, medMs, p99Ms, maxMs, errorRate, droppedIterations } = summary;
  return `${tool}: ${requests} requests, median ${medMs} ms, p99 ${p99Ms} ms, slowest ${maxMs} ms, errors ${errorRate}, dropped ${droppedIterations}`;
}

function local(ending: string): string {
  return `http://127.0.0.1:${process.env['NEXT_PUBLIC_STACK_PORT_PREFIX'] ?? '81'}${ending}`;
}

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@atlas/kit/errors';
import { runChecks } from './check.ts';
import { partChecklist } from './part-checklist.ts';
import { sdkPage } from './preparations.ts';
import { prepare } from './prepare.ts';
import { repositoryRoot } from './repository-root.ts';
import { Stack } from './running-stack.ts';
import { stackSettings } from './stack-settings.ts';
import { startStack } from './start-stack.ts';
import { add, type Counts, closingLine, countsOf, readReport } from './test-run/counts.ts';
import { planTests, type TestPlan, testUsage } from './test-run/test-plan.ts';

/** The tests' own stack, beside one that a person may have running. */
const testPrefix = 91;
const keepAlive = ['migrate', 'cdc'];
const outcomes = { passed: { passed: 1, failed: 0, skipped: 0 }, failed: { passed: 0, failed: 1, skipped: 0 } };

async function main(args: string[]): Promise<number> {
  const plan = planTests(args);
  if ('mistake' in plan) {
    process.stderr.write(`${plan.mistake}\n${testUsage}\n`);
    return 2;
  }
  const counts = await runAll(plan);
  process.stdout.write(`${closingLine(counts)}\n`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

async function runAll(plan: TestPlan): Promise<Counts> {
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  if (plan.checks) counts = add(counts, await check());
  if (plan.projects.length > 0) counts = add(counts, await vitest(plan.projects, plan.folder === undefined ? [] : [plan.folder], {}));
  if (plan.e2e) counts = add(counts, await endToEnd());
  return counts;
}

async function check(): Promise<Counts> {
  const results = await runChecks(({ name, passed, seconds, output }) => {
    process.stdout.write(`${passed ? '✓' : '✗'} ${name} ${seconds.toFixed(1)} s\n`);
    if (!passed) process.stdout.write(`${output.trimEnd()}\n`);
  });
  return results.reduce((sum, { passed }) => add(sum, passed ? outcomes.passed : outcomes.failed), { passed: 0, failed: 0, skipped: 0 });
}

/** One fresh stack for all e2e tests, ended and forgotten afterwards; its logs stay when something failed. */
async function endToEnd(): Promise<Counts> {
  const { stateDir } = stackSettings(process.env);
  const list = partChecklist();
  try {
    await prepare(join(stateDir, 'cache'), [sdkPage]);
    await new Stack({ prefix: testPrefix, stateDir }).reset();
    const stack = await startStack({ prefix: testPrefix, stateDir, keepAlive, onEvent: list.onEvent });
    try {
      return await vitest(['e2e'], [], { ATLAS_STACK_PREFIX: String(testPrefix), ATLAS_STATE_DIR: stateDir });
    } finally {
      await stack.stop();
    }
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return outcomes.failed;
  } finally {
    list.close();
  }
}

async function vitest(projects: string[], filters: string[], env: Record<string, string>): Promise<Counts> {
  const reports = join(stackSettings(process.env).stateDir, 'test-reports');
  mkdirSync(reports, { recursive: true });
  const report = join(reports, `${projects.join('-')}.json`);
  rmSync(report, { force: true });
  const args = ['run', '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await runVitest([...args, ...projects.flatMap((name) => ['--project', name]), ...filters], env);
  return countsOf(readReport(report), code);
}

function runVitest(args: string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(repositoryRoot, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: repositoryRoot,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

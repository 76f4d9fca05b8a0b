import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { blindRules } from './check/boundaries.ts';
import { tidy } from './check/tidy.ts';

/** One check: its name, whether it passed, seconds, and what it printed. */
export type CheckResult = { name: string; passed: boolean; seconds: number; output: string };

const root = resolve(import.meta.dirname, '../../..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const sources = ['packages', 'gateway', 'cdc', 'flags', 'extracted', 'pact', 'load', 'legacy/apps/backend'];

const checks: { name: string; run(): Promise<string> }[] = [
  { name: 'format and lint (biome)', run: () => command(bin('biome'), ['check', '--error-on-warnings', '.']) },
  { name: 'types', run: () => command(bin('tsc'), ['-p', '.']) },
  { name: 'types of the legacy', run: () => command(bin('tsc'), ['-p', 'legacy/apps/backend', '--noEmit']) },
  { name: 'types of the customer’s app', run: () => command(bin('tsc'), ['-p', 'packages/dev/sdk-page', '--noEmit']) },
  { name: 'who imports whom', run: () => command(bin('depcruise'), ['--config', '.dependency-cruiser.mjs', ...sources]) },
  { name: 'each import rule sees its planted violation', run: checkRules },
  { name: 'dead code (knip)', run: () => command(bin('knip'), ['--no-progress']) },
  { name: 'tidy', run: checkTidy },
];

/** Runs every check, two at a time, and tells each as it ends. */
export async function runChecks(onResult: (result: CheckResult) => void): Promise<CheckResult[]> {
  const queue = [...checks];
  const results: CheckResult[] = [];
  const worker = async () => {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
      const result = await timed(check);
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

async function timed(check: { name: string; run(): Promise<string> }): Promise<CheckResult> {
  const started = performance.now();
  const outcome = await check.run().then(
    (output) => ({ passed: true, output }),
    (error: Error) => ({ passed: false, output: error.message }),
  );
  return { name: check.name, seconds: (performance.now() - started) / 1000, ...outcome };
}

async function checkRules(): Promise<string> {
  const { unseen, unplanted } = await blindRules();
  const complaints = [
    ...unseen.map((rule) => `the planted violation of "${rule}" was not seen`),
    ...unplanted.map((rule) => `"${rule}" has no planted violation`),
  ];
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return '';
}

async function checkTidy(): Promise<string> {
  const listed = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, maxBuffer: 16 * 1024 * 1024 });
  const paths = listed.stdout.split('\n').filter((path) => path !== '' && !path.includes('/check/tidy'));
  const files = await Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8').catch(() => '') })));
  const findings = tidy(files);
  if (findings.length > 0)
    throw new Error(findings.map(({ path, line, message }) => `${path}${line === undefined ? '' : `:${line}`} ${message}`).join('\n'));
  return '';
}

/** Runs one command; throws with all it printed when it fails. */
function command(file: string, args: string[]): Promise<string> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolvePromise(output) : reject(new Error(output || `${file} ended with ${code}`))));
  });
}

if (import.meta.main) {
  const results = await runChecks((result) => {
    process.stderr.write(`${result.passed ? 'ok    ' : 'FAILED'} ${result.name} (${result.seconds.toFixed(1)} s)\n`);
    if (!result.passed)
      process.stderr.write(
        `${result.output
          .trimEnd()
          .split('\n')
          .map((line) => `       ${line}`)
          .join('\n')}\n`,
      );
  });
  const failed = results.filter((result) => !result.passed).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Planted, planted, plantedPackages } from './planted.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../../..');
const cruiser = join(root, 'node_modules/.bin/depcruise');
const configFile = join(root, '.dependency-cruiser.mjs');

/** Names of rules whose planted violation went unseen, and rules that have none planted: both must be empty. */
export async function blindRules(): Promise<{ unseen: string[]; unplanted: string[] }> {
  const { default: config } = (await import(configFile)) as { default: { forbidden: { name: string }[] } };
  const plantedNames = new Set(planted.map((violation) => violation.rule));
  const unplanted = config.forbidden.map((rule) => rule.name).filter((name) => !plantedNames.has(name));
  const trees = await Promise.all(planted.map(async (violation) => ({ violation, seen: await rulesBrokenBy(violation) })));
  return {
    unseen: trees.filter(({ violation, seen }) => !seen.includes(violation.rule)).map(({ violation }) => violation.rule),
    unplanted,
  };
}

async function rulesBrokenBy(violation: Planted): Promise<string[]> {
  const tree = await mkdtemp(join(tmpdir(), 'atlas-planted-'));
  try {
    for (const [path, text] of Object.entries(violation.files)) await write(join(tree, path), text);
    for (const name of plantedPackages) {
      await write(join(tree, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
      await write(join(tree, 'node_modules', name, 'index.js'), 'exports.thing = 1;\n');
    }
    await write(
      join(tree, 'package.json'),
      JSON.stringify({ name: 'planted', dependencies: Object.fromEntries(plantedPackages.map((name) => [name, '*'])) }),
    );
    const top = [...new Set(Object.keys(violation.files).map((path) => path.split('/')[0] ?? path))];
    const report = JSON.parse(await stdoutOf(cruiser, ['--config', configFile, '-T', 'json', ...top], tree)) as {
      summary: { violations: { rule: { name: string } }[] };
    };
    return report.summary.violations.map((found) => found.rule.name);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** depcruise exits non-zero when it finds violations: its report is on stdout either way. */
async function stdoutOf(command: string, args: string[], cwd: string): Promise<string> {
  try {
    return (await run(command, args, { cwd, maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (stdout === undefined || stdout === '') throw error;
    return stdout;
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/**
 * `npm run demo` and `npm test` on a fresh checkout: looks at the machine, installs, prepares, then runs the demo or the tests.
 * Plain JavaScript without dependencies, for any Node ≥ 20; everything after it runs on the Node that the installation brings.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChecklist } from './checklist.mjs';
import { findChromium, missingOn, preflightText, readMachine } from './preflight.mjs';

const pnpm = 'pnpm@12.21.0';
const stopSecondsMax = 40;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const cache = join(resolve(root, process.env.ATLAS_STATE_DIR ?? '.atlas'), 'cache');
const node = join(root, 'node_modules/.bin/node');
const children = new Set();
let stoppedBy;

const [mode, ...args] = process.argv.slice(2);
if (mode !== 'demo' && mode !== 'test') {
  console.error('usage: npm run demo [-- --json FILE --keep --short]   npm test [-- run <service>]');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopChildren(signal));
process.exitCode = await main();

async function main() {
  mkdirSync(cache, { recursive: true });
  const list = createChecklist();
  const missing = await whatIsMissing(list);
  if (missing.length > 0) {
    list.close();
    console.error(preflightText(missing));
    return 1;
  }
  const installed = await Promise.all([install(list), fetchJars(list)]);
  list.close();
  const failed = installed.find((code) => code !== 0);
  if (failed !== undefined || stoppedBy !== undefined) return exitCode(failed ?? 0);
  const prepared = await run(node, [join(root, 'packages/dev/src/prepare.ts')]);
  if (prepared !== 0 || stoppedBy !== undefined) return exitCode(prepared);
  return exitCode(await run(node, [join(root, `packages/dev/src/${mode}.ts`), ...args]));
}

/** Tests that drive pages need Chromium. On a machine made for tests, as CI's is, root gets it: nobody else is there to do it. */
async function whatIsMissing(list) {
  const machine = readMachine();
  const needsMaven = !existsSync(join(cache, 'plugins.stamp'));
  const needsChromium = mode === 'test' && (args.length === 0 || args.includes('e2e'));
  const missing = missingOn(machine, { needsMaven });
  if (missing.length > 0 || !needsChromium) return missing;
  const canInstall = machine.installer === 'apt-get' && process.getuid?.() === 0;
  if (machine.chromium === undefined && canInstall) await installChromium(list);
  return missingOn({ ...machine, chromium: findChromium() }, { needsMaven, needsChromium });
}

/** Whether it came is asked by the preflight afterwards. */
function installChromium(list) {
  const command = 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium';
  return step(list, 'chromium', 'sh', ['-c', command]);
}

async function install(list) {
  const hash = hashOf(['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']);
  const stamp = join(cache, 'install.stamp');
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return skip(list, 'packages');
  const code = await step(list, 'packages', 'npx', ['-y', pnpm, 'install', '--frozen-lockfile']);
  if (code === 0) writeFileSync(stamp, hash);
  return code;
}

/** Maven waits for the network, pnpm for the disk: together they take as long as the slower one. */
async function fetchJars(list) {
  if (existsSync(join(cache, 'plugins.stamp'))) return 0; // whether they are still the right ones is asked by the preparation
  return step(list, 'jars', process.execPath, [join(root, 'packages/dev/prepare-jars.mjs'), cache]);
}

function skip(list, name) {
  list.skipped(name, 'nothing changed');
  return 0;
}

async function step(list, name, command, commandArgs) {
  const logFile = join(cache, `${name}.log`);
  const log = openSync(logFile, 'w');
  list.start(name);
  const code = await run(command, commandArgs, ['ignore', log, log]);
  closeSync(log);
  if (code === 0) list.done(name);
  else list.failed(name, `${command} ${commandArgs.join(' ')} ended with ${code}. The end of ${logFile}:\n${tailOf(logFile)}`);
  return code;
}

/** Runs a command in a process group of its own, so that Ctrl-C reaches it through us, once, and can be made to reach all of it. */
function run(command, commandArgs, stdio = 'inherit') {
  if (stoppedBy !== undefined) return Promise.resolve(exitCode(1));
  const child = spawn(command, commandArgs, {
    cwd: root,
    env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
    detached: true,
    stdio,
  });
  children.add(child);
  return new Promise((done) => {
    child.once('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      children.delete(child);
      done(1);
    });
    child.once('exit', (code, signal) => {
      children.delete(child);
      done(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/** First signal: ask all children to end. Second signal, or no end in time: end them. */
function stopChildren(signal) {
  const isSecond = stoppedBy !== undefined;
  stoppedBy ??= signal;
  if (!isSecond) setTimeout(() => signalAll('SIGKILL'), stopSecondsMax * 1000).unref();
  signalAll(isSecond ? 'SIGKILL' : signal === 'SIGHUP' ? 'SIGTERM' : signal);
}

function signalAll(signal) {
  for (const child of children) {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

function exitCode(code) {
  return stoppedBy === undefined ? code : 128 + constants.signals[stoppedBy];
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function tailOf(file) {
  return readFileSync(file, 'utf8').slice(-2000).trimEnd();
}

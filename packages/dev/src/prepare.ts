import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, errorText } from '@atlas/kit/errors';
import { createChecklist } from '../checklist.mjs';
import { contentHash } from './content-hash.ts';
import { type Preparation, preparations } from './preparations.ts';
import { repositoryRoot } from './repository-root.ts';
import { stackSettings } from './stack-settings.ts';
import { logTail } from './supervisor/launch.ts';
import { topology } from './topology.ts';

/**
 * Makes what parts need before they can start: jars, generated clients, the legacy's build. A preparation whose inputs did not change
 * since it last ended well is skipped. Only what `parts` need: without them, all of the stack.
 */
export async function prepare(cacheDir: string, parts: readonly string[] = stackParts()): Promise<void> {
  const list = createChecklist();
  const under = new Map<string, Promise<void>>();
  mkdirSync(join(cacheDir, 'stamps'), { recursive: true });
  const wanted = preparations(cacheDir).filter((preparation) => preparation.parts.some((part) => parts.includes(part)));
  for (const preparation of wanted) {
    const needs = preparation.needs.map((name) => under.get(name));
    under.set(
      preparation.name,
      Promise.all(needs).then(() => prepareOne(preparation)),
    );
  }
  const results = await Promise.allSettled(under.values());
  list.close();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;

  async function prepareOne(preparation: Preparation): Promise<void> {
    const stamp = join(cacheDir, 'stamps', preparation.name);
    const hash = contentHash(repositoryRoot, preparation.inputs);
    const isDone =
      existsSync(stamp) &&
      readFileSync(stamp, 'utf8') === hash &&
      preparation.outputs.every((path) => existsSync(join(repositoryRoot, path)));
    if (isDone) return;
    if (preparation.isMissing?.() === true) return list.skipped(preparation.name, 'not in this checkout');
    list.start(preparation.name);
    try {
      await run(preparation, join(cacheDir, 'stamps', `${preparation.name}.log`));
    } catch (error) {
      list.failed(preparation.name);
      throw error;
    }
    writeFileSync(stamp, hash);
    list.done(preparation.name);
  }
}

function stackParts(): string[] {
  return topology(stackSettings(process.env)).map(({ name }) => name);
}

function run(preparation: Preparation, logFile: string): Promise<void> {
  const [command = '', ...args] = preparation.command;
  const log = createWriteStream(logFile);
  return new Promise((resolve, reject) => {
    const child = spawn(command === 'node' ? process.execPath : command, args, {
      cwd: join(repositoryRoot, preparation.cwd),
      env: { ...process.env, ...preparation.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('error', reject);
    child.once('close', (code) => {
      log.end();
      if (code === 0) return resolve();
      reject(
        new AppError('PART_FAILED', { message: `${preparation.name} ended with ${code}. The end of ${logFile}:\n${logTail(logFile, 25)}` }),
      );
    });
  });
}

if (import.meta.main) {
  try {
    await prepare(join(stackSettings(process.env).stateDir, 'cache'));
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    process.exitCode = 1;
  }
}

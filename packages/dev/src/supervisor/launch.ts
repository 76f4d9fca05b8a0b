import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import type { Part } from '../topology.ts';
import { identify, type ProcessId } from './process-table.ts';

const logBytesMax = 20 * 1024 * 1024;
/** What a part gets of our own environment: enough to find programs, nothing that changes what it does. */
const passedOn = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'JAVA_HOME'];

/** A started part: who it is, and how it ended (once it has). */
export type Launched = { id: ProcessId; exited: Promise<Exit> };
export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** Starts a part's command in its own process group, with its output in `logFile`, so that it outlives us until it is asked to end. */
export async function launch(part: Part, options: { root: string; logFile: string; env: Record<string, string> }): Promise<Launched> {
  const log = openLog(options.logFile, part.command);
  try {
    const [command = '', ...args] = part.command;
    const child = spawn(command === 'node' ? process.execPath : command, args, {
      cwd: join(options.root, part.cwd),
      env: { ...inherited(), ...options.env },
      detached: true,
      stdio: ['ignore', log, log],
    });
    const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    const pid = await startedPid(child, part.name);
    child.unref();
    return { id: identify(pid) ?? { pid, startTime: 'ended at once' }, exited };
  } finally {
    closeSync(log);
  }
}

/** The last lines of a log, at most 4 KiB. */
export function logTail(logFile: string, lines: number): string {
  if (!existsSync(logFile)) return '(no log)';
  return readFileSync(logFile, 'utf8').slice(-4096).trimEnd().split('\n').slice(-lines).join('\n');
}

function startedPid(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new AppError('PART_FAILED', { message: `${name} could not be started` }, error)));
    child.once('spawn', () => resolve(child.pid ?? -1));
  });
}

function inherited(): Record<string, string> {
  return Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']])));
}

function openLog(file: string, command: readonly string[]): number {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && statSync(file).size > logBytesMax) renameSync(file, `${file}.1`);
  const handle = openSync(file, 'a');
  writeSync(handle, `--- ${new Date().toISOString()} ${command.join(' ')}\n`);
  return handle;
}

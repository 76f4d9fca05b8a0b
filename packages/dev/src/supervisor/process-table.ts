import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same pid by when it started (the system's own words for it). */
export type ProcessId = { pid: number; startTime: string };

type Row = { pid: number; parent: number; state: string; startTime: string };
const isLinux = process.platform === 'linux';

/** The process behind a pid, or undefined when there is none (a zombie is none). */
export function identify(pid: number): ProcessId | undefined {
  const row = isLinux ? readStat(pid) : readPs(['-p', String(pid)])[0];
  return row === undefined || row.state.startsWith('Z') ? undefined : { pid, startTime: row.startTime };
}

/** Whether exactly this process still runs. */
export function isRunning(id: ProcessId): boolean {
  return identify(id.pid)?.startTime === id.startTime;
}

/** The process and all its descendants, parents first. */
export function processTree(root: ProcessId): number[] {
  if (!isRunning(root)) return [];
  const rows = allRows();
  const tree = [root.pid];
  for (const pid of tree) tree.push(...rows.filter((row) => row.parent === pid).map((row) => row.pid));
  return tree;
}

/** Sends a signal to the process and its descendants. A process that ended meanwhile is no error. */
export function signalTree(root: ProcessId, signal: NodeJS.Signals): void {
  for (const pid of processTree(root)) signalOne(pid, signal);
}

/** Sends a signal to this process only, if it still is this process. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
  if (isRunning(id)) signalOne(id.pid, signal);
}

/** Memory of a process and its descendants in MiB. On Linux shared pages count once (PSS), else resident size. */
export function memoryMiB(root: ProcessId): number {
  return processTree(root).reduce((sum, pid) => sum + memoryOfMiB(pid), 0);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function allRows(): Row[] {
  if (!isLinux) return readPs(['-A']);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => readStat(Number(pid)) ?? []);
}

/** `/proc/<pid>/stat`: the command stands in brackets and may hold anything; state, parent and start time are fields 3, 4 and 22. */
function readStat(pid: number): Row | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, state: fields[0] ?? '?', parent: Number(fields[1]), startTime: fields[19] ?? '?' };
}

function readPs(selection: string[]): Row[] {
  try {
    const lines = execFileSync('ps', ['-o', 'pid=,ppid=,stat=,lstart=', ...selection], { encoding: 'utf8' })
      .trim()
      .split('\n');
    return lines.map((line) => {
      const [pid, parent, state, ...start] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state: state ?? '?', startTime: start.join(' ') };
    });
  } catch {
    return []; // ps exits with 1 when the pid is gone
  }
}

function memoryOfMiB(pid: number): number {
  const kib = isLinux ? linuxMemoryKib(pid) : psMemoryKib(pid);
  return kib / 1024;
}

function linuxMemoryKib(pid: number): number {
  const rollup = readProc(`/proc/${pid}/smaps_rollup`);
  const pss = rollup?.match(/^Pss:\s+(\d+) kB/m)?.[1];
  const resident = pss ?? readProc(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return Number(resident ?? 0);
}

function psMemoryKib(pid: number): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim());
  } catch {
    return 0; // gone meanwhile
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process ended
  }
}

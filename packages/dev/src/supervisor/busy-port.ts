import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { AppError } from '@atlas/kit/errors';
import { prefixSetting } from '../ports.ts';

/** Who listens on a port: pid and command line, as far as the system lets us see. */
export type PortHolder = { pid: number; command: string };

/** A process that was killed may hold its port a moment longer, when nothing can be seen of it any more. */
const dyingMsMax = 3_000;

/** Throws PORT_BUSY, naming the holder and the setting that moves the port, when something listens there already. */
export async function assertPortFree(port: number, part: string): Promise<void> {
  for (const deadline = performance.now() + dyingMsMax; findPortHolder(port) === undefined && performance.now() < deadline; ) {
    if (await isFree(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (await isFree(port)) return;
  throw new AppError('PORT_BUSY', { message: busyPortMessage(port, part, findPortHolder(port)), port, part });
}

/** What a person reads when a port is taken. */
export function busyPortMessage(port: number, part: string, holder: PortHolder | undefined): string {
  const who = holder === undefined ? 'another program' : `process ${holder.pid} (${holder.command})`;
  return `port ${port} of ${part} is held by ${who}. End it, or move all ports: ${prefixSetting}=82 (the ports become 82nn)`;
}

export function findPortHolder(port: number): PortHolder | undefined {
  const pid = process.platform === 'linux' ? holderFromProc(port) : holderFromLsof(port);
  return pid === undefined ? undefined : { pid, command: commandOf(pid) };
}

/** The socket inodes that listen on a port, from the text of `/proc/net/tcp` or `tcp6`. */
export function listeningInodes(procNetTcp: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = '0A';
  return procNetTcp.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(`:${hexPort}`) && state === listening && inode !== undefined ? [inode] : [];
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function holderFromProc(port: number): number | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readOrEmpty(() => readFileSync(file, 'utf8'), ''));
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const holder = pids.find((pid) => {
    const handles = readOrEmpty(() => readdirSync(`/proc/${pid}/fd`), []);
    return handles.some((handle) => sockets.has(readOrEmpty(() => readlinkSync(`/proc/${pid}/fd/${handle}`), '')));
  });
  return holder === undefined ? undefined : Number(holder);
}

function holderFromLsof(port: number): number | undefined {
  const text = readOrEmpty(() => execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], { encoding: 'utf8' }), '');
  const pid = Number(text.split('\n')[0]);
  return pid > 0 ? pid : undefined;
}

function commandOf(pid: number): string {
  const fromProc = readOrEmpty(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(), '');
  const text =
    fromProc === ''
      ? readOrEmpty(() => execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim(), '')
      : fromProc;
  return text === '' ? 'unknown command' : text.slice(0, 120);
}

/** Other people's processes come and go and may not be ours to look into: what cannot be read counts as nothing. */
function readOrEmpty<T>(read: () => T, empty: T): T {
  try {
    return read();
  } catch {
    return empty;
  }
}

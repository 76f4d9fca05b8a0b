import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { postgresHome } from '@atlas/kit/postgres-server';
import { contentHash } from './content-hash.ts';
import { type PortName, type Ports, portsOf } from './ports.ts';
import { repositoryRoot } from './repository-root.ts';
import { startInOrder, startOrder, unknownPart } from './start-order.ts';
import { assertPortFree } from './supervisor/busy-port.ts';
import { type Exit, launch, logTail } from './supervisor/launch.ts';
import { identify, isRunning, memoryMiB, processTree, signalProcess, signalTree } from './supervisor/process-table.ts';
import { isReady } from './supervisor/ready.ts';
import { RunFiles, type RunRecord } from './supervisor/run-files.ts';
import { type Part, type StackUrls, topology, urlsOf } from './topology.ts';

/** Where a stack is and how it differs from the topology. `env` adds settings by part name; `external` parts are run by somebody else (compose). */
export type StackSettings = {
  prefix: number;
  stateDir: string;
  env?: Record<string, Record<string, string>>;
  external?: readonly string[];
};

/** What happened to a part, for checklists. `seconds` since it was asked for. */
export type PartEvent = {
  part: string;
  kind: 'starting' | 'started' | 'running' | 'done' | 'skipped' | 'failed' | 'exited' | 'restarted' | 'stopped' | 'external';
  seconds: number;
  text?: string;
};
export type PartStatus = {
  part: string;
  state: 'up' | 'starting' | 'down' | 'done' | 'not run';
  pid: number | null;
  ports: readonly number[];
  memoryMiB: number;
};

const pollMs = 100;
const stopSecondsMax = 12;
const killSecondsMax = 5;

/**
 * One stack on this machine, running or not. Any process may hold one: what runs is known from the files under `<stateDir>/<prefix>/run`,
 * so that parts started by one process can be killed, suspended and restarted by another.
 */
export class Stack {
  readonly prefix: number;
  /** `<stateDir>/<prefix>`: data, logs and run files of this stack. */
  readonly folder: string;
  readonly ports: Ports;
  readonly urls: StackUrls;
  readonly parts: readonly Part[];
  readonly #files: RunFiles;
  readonly #onEvent: (event: PartEvent) => void;
  readonly #extraEnv: Record<string, Record<string, string>>;
  readonly #exits = new Map<number, Exit>();
  readonly #external: readonly string[];
  #abort = new AbortController();

  constructor(settings: StackSettings, onEvent: (event: PartEvent) => void = () => {}) {
    this.prefix = settings.prefix;
    this.folder = join(settings.stateDir, String(settings.prefix));
    this.ports = portsOf(settings.prefix);
    this.urls = urlsOf(this.ports);
    this.parts = topology(settings);
    this.#files = new RunFiles(join(this.folder, 'run'));
    this.#extraEnv = settings.env ?? {};
    this.#external = settings.external ?? [];
    this.#onEvent = onEvent;
    for (const name of [...Object.keys(this.#extraEnv), ...this.#external]) this.part(name);
  }

  /** A part of the topology by name. Throws CONFIG_INVALID for a name that does not exist. */
  part(name: string): Part {
    const part = this.parts.find((candidate) => candidate.name === name);
    if (part === undefined)
      throw unknownPart(
        name,
        this.parts.map((known) => known.name),
      );
    return part;
  }

  /** `http://127.0.0.1:<port>` of a port by name. */
  url(port: PortName): string {
    return `http://127.0.0.1:${this.ports[port]}`;
  }

  /** The settings a part gets, CONTENT_HASH included. */
  env(name: string): Record<string, string> {
    const part = this.part(name);
    const content: Record<string, string> = part.content.length === 0 ? {} : { CONTENT_HASH: contentHash(repositoryRoot, part.content) };
    return { ...part.env, ...content, ...this.#extraEnv[name] };
  }

  logFile(name: string): string {
    return join(this.folder, 'logs', `${this.part(name).name}.log`);
  }

  /** Pid of a running part, undefined when it is down. */
  pid(name: string): number | undefined {
    return this.#running(name)?.pid;
  }

  /** Starts what is missing of the named parts (default all) and all they need. Parts whose settings or code changed are restarted. */
  async up(only?: readonly string[]): Promise<void> {
    const { signal: stopped } = this.#abort;
    await startInOrder(startOrder(this.parts, only), (part, failed) => this.#ensure(part, AbortSignal.any([failed, stopped])));
  }

  /** Ends the named parts (default all), each after those that need it. Only processes that this stack started are touched. */
  async down(only?: readonly string[]): Promise<void> {
    const wanted = new Set(only ?? this.parts.map((part) => part.name));
    const parts = this.parts.filter((part) => part.kind === 'service' && wanted.has(part.name));
    const dependents = parts.map((part) => ({
      ...part,
      needs: parts.filter((other) => this.#isNeededBy(part, other)).map((other) => other.name),
    }));
    await startInOrder(startOrder(dependents), (part) => this.#end(part.name));
  }

  /** Ends every part, also those that are still starting. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.down();
    this.#abort = new AbortController();
  }

  /** Ends every part and removes its data and logs. */
  async reset(): Promise<void> {
    await this.down();
    rmSync(postgresHome(this.folder), { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Sends a signal to a part and its children and, if the signal ends processes, waits until it is gone. A part that is kept alive comes
   * back by itself (wait with `waitReady`); `stayDown` prevents that.
   */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL', options: { stayDown?: boolean } = {}): Promise<void> {
    const record = this.#mustRun(name);
    if (options.stayDown === true) this.#files.writeRun({ ...record, wanted: 'down' });
    const children = processTree(record).flatMap((pid) => identify(pid) ?? []);
    signalTree(record, signal);
    if (!['SIGKILL', 'SIGTERM', 'SIGINT'].includes(signal)) return;
    await this.#waitGone(record, stopSecondsMax);
    for (const deadline = performance.now() + killSecondsMax * 1000; children.some(isRunning) && performance.now() < deadline; )
      await sleep(20);
  }

  /** Ends a part and starts it again; `env` is added for this one run (failpoints, say). Resolves when it is ready. */
  async restart(name: string, options: { env?: Record<string, string> } = {}): Promise<void> {
    const part = this.part(name);
    await this.#files.withLock(name, async () => {
      await this.#endLocked(name);
      await this.#start(part, new AbortController().signal, options.env);
    });
  }

  /** Starts a part that is down. Resolves when it is ready. */
  async start(name: string, options: { env?: Record<string, string> } = {}): Promise<void> {
    const part = this.part(name);
    await this.#files.withLock(name, async () => {
      if (this.#running(name) === undefined) await this.#start(part, new AbortController().signal, options.env);
    });
    await this.waitReady(name);
  }

  /** Resolves once a part answers its ready check. Throws PART_FAILED after its limit. */
  async waitReady(name: string): Promise<void> {
    const part = this.part(name);
    const deadline = performance.now() + part.readySecondsMax * 1000;
    while (!(this.#running(name) !== undefined && (await isReady(part.ready)))) {
      if (performance.now() > deadline) throw this.#failure(part, `is not ready after ${part.readySecondsMax} s`);
      await sleep(pollMs);
    }
  }

  /** Stops a part in its tracks (SIGSTOP), children included. */
  suspend(name: string): void {
    signalTree(this.#mustRun(name), 'SIGSTOP');
  }

  /** Lets a suspended part go on (SIGCONT). */
  resume(name: string): void {
    signalTree(this.#mustRun(name), 'SIGCONT');
  }

  /** Memory of all running parts in MiB. Shared pages count once where the system tells (Linux). */
  rssMiB(): number {
    return Math.round(this.#records().reduce((sum, record) => sum + memoryMiB(record), 0));
  }

  /** One line a part, in start order. */
  async status(): Promise<PartStatus[]> {
    return Promise.all(startOrder(this.parts).map((part) => this.#statusOf(part)));
  }

  /** Parts that should run and do not: ended by themselves or by somebody else. */
  fallen(): string[] {
    return this.parts.flatMap((part) => {
      const record = this.#files.readRun(part.name);
      return record !== undefined && record.wanted === 'up' && record.readyMs !== null && !isRunning(record) ? [part.name] : [];
    });
  }

  /** Starts a fallen part again, unless somebody else did meanwhile. Answers whether it did. */
  async revive(name: string): Promise<boolean> {
    return this.#files.withLock(name, async () => {
      if (!this.fallen().includes(name)) return false;
      await this.#start(this.part(name), new AbortController().signal);
      this.#onEvent({ part: name, kind: 'restarted', seconds: 0 });
      return true;
    });
  }

  /** Tells once how a fallen part ended, with the last lines of its log, and forgets it. */
  giveUp(name: string): void {
    const record = this.#files.readRun(name);
    if (record === undefined) return;
    const exit = this.#exits.get(record.pid);
    const how = exit === undefined ? 'ended' : exit.signal === null ? `ended with code ${exit.code}` : `was ended by ${exit.signal}`;
    this.#files.writeRun({ ...record, wanted: 'down' });
    this.#onEvent({ part: name, kind: 'exited', seconds: 0, text: `${how}\n${logTail(this.logFile(name), 12)}` });
  }

  /** Remembers what this stack was started with, for `attachStack`. */
  writeStackRecord(keepAlive: string[]): void {
    this.#files.writeStack({ prefix: this.prefix, env: this.#extraEnv, keepAlive });
  }

  async #ensure(part: Part, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    this.#onEvent({ part: part.name, kind: 'starting', seconds: 0 });
    try {
      const kind = await this.#files.withLock(part.name, () =>
        part.kind === 'step' ? this.#runStep(part, signal) : this.#ensureService(part, signal),
      );
      this.#onEvent({ part: part.name, kind, seconds: seconds() });
    } catch (error) {
      this.#onEvent({ part: part.name, kind: 'failed', seconds: seconds() });
      throw error;
    }
  }

  async #ensureService(part: Part, signal: AbortSignal): Promise<PartEvent['kind']> {
    if (this.#external.includes(part.name)) {
      await this.#waitFirstReady(part, () => true, signal);
      return 'external';
    }
    const record = this.#running(part.name);
    if (record !== undefined && record.definition === this.#definition(part)) {
      await this.waitReady(part.name);
      return 'running';
    }
    await this.#endLocked(part.name);
    await this.#start(part, signal);
    return record === undefined ? 'started' : 'restarted';
  }

  async #runStep(part: Part, signal: AbortSignal): Promise<PartEvent['kind']> {
    const definition = this.#definition(part);
    if (this.#files.readStep(part.name)?.definition === definition) return 'skipped';
    if (signal.aborted) throw new AppError('PART_FAILED', { message: `${part.name} was not started` });
    const began = performance.now();
    const launched = await launch(part, { root: repositoryRoot, logFile: this.logFile(part.name), env: this.env(part.name) });
    const exit = await firstOf(launched.exited, signal, part.readySecondsMax * 1000);
    if (exit === 'late' || exit === 'aborted') {
      signalTree(launched.id, 'SIGKILL');
      throw this.#failure(part, exit === 'late' ? `took longer than ${part.readySecondsMax} s` : 'was not finished');
    }
    if (exit.code !== 0) throw this.#failure(part, exit.signal === null ? `ended with code ${exit.code}` : `was ended by ${exit.signal}`);
    const seconds = (performance.now() - began) / 1000;
    this.#files.writeStep({ part: part.name, definition, doneAt: new Date().toISOString(), seconds });
    return 'done';
  }

  async #start(part: Part, signal: AbortSignal, onceEnv: Record<string, string> = {}): Promise<void> {
    if (signal.aborted) throw new AppError('PART_FAILED', { message: `${part.name} was not started` });
    for (const port of part.ports) await assertPortFree(port, part.name);
    const began = performance.now();
    const definition = this.#definition(part);
    const launched = await launch(part, {
      root: repositoryRoot,
      logFile: this.logFile(part.name),
      env: { ...this.env(part.name), ...onceEnv },
    });
    const record: RunRecord = {
      ...launched.id,
      part: part.name,
      definition,
      wanted: 'up',
      startedAt: new Date().toISOString(),
      readyMs: null,
    };
    this.#files.writeRun(record);
    void launched.exited.then((exit) => this.#exits.set(record.pid, exit));
    await this.#waitFirstReady(part, () => isRunning(record), signal);
    this.#files.writeRun({ ...record, readyMs: Math.round(performance.now() - began) });
  }

  async #waitFirstReady(part: Part, runs: () => boolean, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + part.readySecondsMax * 1000;
    while (!(await isReady(part.ready))) {
      if (!runs()) throw this.#failure(part, 'ended before it was ready');
      if (signal.aborted) throw new AppError('PART_FAILED', { message: `${part.name} was still starting when the start was given up` });
      if (performance.now() > deadline) throw this.#failure(part, `is not ready after ${part.readySecondsMax} s`);
      await sleep(pollMs);
    }
  }

  async #end(name: string): Promise<void> {
    await this.#files.withLock(name, () => this.#endLocked(name));
  }

  async #endLocked(name: string): Promise<void> {
    const record = this.#running(name);
    if (record !== undefined) {
      this.#files.writeRun({ ...record, wanted: 'down' });
      signalTree(record, 'SIGCONT');
      signalProcess(record, this.part(name).stopSignal);
      await this.#waitGone(record, stopSecondsMax);
      this.#onEvent({ part: name, kind: 'stopped', seconds: 0 });
    }
    this.#files.removeRun(name);
  }

  async #waitGone(record: RunRecord, secondsMax: number): Promise<void> {
    const deadline = performance.now() + secondsMax * 1000;
    while (isRunning(record) && performance.now() < deadline) await sleep(20);
    if (!isRunning(record)) return;
    signalTree(record, 'SIGKILL');
    const killDeadline = performance.now() + killSecondsMax * 1000;
    while (isRunning(record) && performance.now() < killDeadline) await sleep(20);
    if (isRunning(record)) throw new AppError('PART_FAILED', { message: `${record.part} (pid ${record.pid}) does not end` });
  }

  async #statusOf(part: Part): Promise<PartStatus> {
    const base = { part: part.name, ports: part.ports };
    if (part.kind === 'step') {
      const isDone = this.#files.readStep(part.name)?.definition === this.#definition(part);
      return { ...base, state: isDone ? 'done' : 'not run', pid: null, memoryMiB: 0 };
    }
    const record = this.#running(part.name);
    if (record === undefined) return { ...base, state: 'down', pid: null, memoryMiB: 0 };
    const state = (await isReady(part.ready)) ? 'up' : 'starting';
    return { ...base, state, pid: record.pid, memoryMiB: Math.round(memoryMiB(record)) };
  }

  #records(): RunRecord[] {
    return this.parts.flatMap((part) => this.#running(part.name) ?? []);
  }

  #running(name: string): RunRecord | undefined {
    const record = this.#files.readRun(this.part(name).name);
    return record !== undefined && isRunning(record) ? record : undefined;
  }

  #mustRun(name: string): RunRecord {
    const record = this.#running(name);
    if (record === undefined) throw new AppError('PART_FAILED', { message: `${name} does not run` });
    return record;
  }

  /** Whether `other` must end before `part` may, over steps in between. */
  #isNeededBy(part: Part, other: Part): boolean {
    return other.name !== part.name && startOrder(this.parts, [other.name]).includes(part);
  }

  #definition(part: Part): string {
    const inputs = part.inputs.length === 0 ? '' : contentHash(repositoryRoot, part.inputs);
    const text = JSON.stringify([part.command, part.cwd, this.env(part.name), inputs]);
    return createHash('sha256').update(text).digest('hex').slice(0, 16);
  }

  #failure(part: Part, what: string): AppError {
    const file = this.logFile(part.name);
    return new AppError('PART_FAILED', { message: `${part.name} ${what}. The end of ${file}:\n${logTail(file, 15)}`, part: part.name });
  }
}

async function firstOf(exited: Promise<Exit>, signal: AbortSignal, limitMs: number): Promise<Exit | 'late' | 'aborted'> {
  const timer = new AbortController();
  const late = new Promise<'late'>((resolve) => {
    const timeout = setTimeout(() => resolve('late'), limitMs);
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  const aborted = new Promise<'aborted'>((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true }));
  try {
    return await Promise.race([exited, late, aborted]);
  } finally {
    timer.abort();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

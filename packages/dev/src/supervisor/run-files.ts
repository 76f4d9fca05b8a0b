import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { identify, isRunning, type ProcessId } from './process-table.ts';

/** What is known of a part that was started. `definition` hashes what it was started with; `wanted` is `down` after someone asked it to end. */
export type RunRecord = ProcessId & { part: string; definition: string; wanted: 'up' | 'down'; startedAt: string; readyMs: number | null };

/** A step that ended well: it is not run again while `definition` (its settings and input files) is the same. */
export type StepRecord = { part: string; definition: string; doneAt: string; seconds: number };

/** What the whole stack was started with, so that another process can act on it the same way. */
export type StackRecord = { prefix: number; env: Record<string, Record<string, string>>; keepAlive: string[] };

const lockWaitMs = 90_000;

/** The files under `<stateDir>/<prefix>/run`: what any process needs to act on a running stack. Writes are atomic. */
export class RunFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  readRun(part: string): RunRecord | undefined {
    return this.#read<RunRecord>(`${part}.run.json`);
  }

  writeRun(record: RunRecord): void {
    this.#write(`${record.part}.run.json`, record);
  }

  removeRun(part: string): void {
    rmSync(join(this.#folder, `${part}.run.json`), { force: true });
  }

  readStep(part: string): StepRecord | undefined {
    return this.#read<StepRecord>(`${part}.step.json`);
  }

  writeStep(record: StepRecord): void {
    this.#write(`${record.part}.step.json`, record);
  }

  readStack(): StackRecord | undefined {
    return this.#read<StackRecord>('stack.json');
  }

  writeStack(record: StackRecord): void {
    this.#write('stack.json', record);
  }

  /** Runs `work` while no other process starts or ends this part. A lock whose holder died is taken over. */
  async withLock<T>(part: string, work: () => Promise<T>): Promise<T> {
    const file = join(this.#folder, `${part}.lock`);
    const deadline = performance.now() + lockWaitMs;
    while (!tryLock(file)) {
      if (performance.now() > deadline) throw new AppError('PART_FAILED', { message: `${file} was not released within ${lockWaitMs} ms` });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    try {
      return await work();
    } finally {
      rmSync(file, { force: true });
    }
  }

  #read<T>(name: string): T | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#folder, name), 'utf8')) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #write(name: string, value: unknown): void {
    const temporary = join(this.#folder, `.${name}.${process.pid}`);
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
    renameSync(temporary, join(this.#folder, name));
  }
}

function tryLock(file: string): boolean {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, JSON.stringify(identify(process.pid)));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isHolderGone(file)) rmSync(file, { force: true });
    return false;
  }
}

function isHolderGone(file: string): boolean {
  try {
    return !isRunning(JSON.parse(readFileSync(file, 'utf8')) as ProcessId);
  } catch {
    return false; // being written or just removed: look again
  }
}

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Side } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';

/** Operators' pins of reads, by slice. They go through neither Unleash nor the control plane, and survive a restart in a file. */
export class Pins {
  #file: string;
  #bySlice = new Map<string, Side>();
  #writes: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads the file, if there is one. Throws CONFIG_INVALID when it is not a pin file. */
  async start(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#bySlice = parsePins(this.#file, text);
  }

  of(slice: string): Side | undefined {
    return this.#bySlice.get(slice);
  }

  all(): Record<string, Side> {
    return Object.fromEntries(this.#bySlice);
  }

  /** In force at once; resolves when it is on disk. */
  pin(slice: string, side: Side): Promise<void> {
    this.#bySlice.set(slice, side);
    return this.#keep();
  }

  unpin(slice: string): Promise<void> {
    this.#bySlice.delete(slice);
    return this.#keep();
  }

  #keep(): Promise<void> {
    const text = `${JSON.stringify(this.all())}\n`;
    const written = this.#writes.then(() => writeBeside(this.#file, text));
    this.#writes = written.catch(() => {});
    return written;
  }
}

function parsePins(file: string, text: string): Map<string, Side> {
  const pins = new Map<string, Side>();
  try {
    for (const [slice, side] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
      if (side !== 'legacy' && side !== 'extracted')
        throw new AppError('CONFIG_INVALID', { message: `${slice} is pinned to "${String(side)}"` });
      pins.set(slice, side);
    }
  } catch (error) {
    throw new AppError('CONFIG_INVALID', { message: `pin file ${file} cannot be read; correct or delete it` }, error);
  }
  return pins;
}

async function writeBeside(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}.new`;
  const handle = await open(beside, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

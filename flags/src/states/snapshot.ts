import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { FlagState } from '../wanted.ts';

const variant = z.object({ name: z.string(), weight: z.number(), payload: z.object({ type: z.string(), value: z.string() }).optional() });
const strategy = z.object({
  name: z.string(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  constraints: z.array(z.unknown()).optional(),
  variants: z.array(variant).optional(),
});
const flagState = z.object({
  name: z.string(),
  enabled: z.boolean(),
  strategies: z.array(strategy).optional(),
  variants: z.array(variant).optional(),
});
const document = z.object({ takenAt: z.string(), flags: z.array(flagState) });

/** Flag states as Unleash's client API gives them, cut to what is read. Throws when the shape is another. */
export function readFlagStates(features: readonly unknown[]): Map<string, FlagState> {
  return new Map(
    z
      .array(flagState)
      .parse(features)
      .map((state) => [state.name, state]),
  );
}

/** Keeps the last good states for a start without Unleash: written beside the file, then renamed. */
export async function writeFlagSnapshot(file: string, states: ReadonlyMap<string, FlagState>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, JSON.stringify({ takenAt: new Date().toISOString(), flags: [...states.values()] }));
  await rename(beside, file);
}

/** The states of the last good document, or null when there is none. Throws when the file is not one. */
export async function readFlagSnapshot(file: string): Promise<Map<string, FlagState> | null> {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (content === null) return null;
  try {
    return new Map(document.parse(JSON.parse(content)).flags.map((state) => [state.name, state]));
  } catch (error) {
    throw new Error(`flag snapshot ${file} cannot be read; delete it to start without`, { cause: error });
  }
}

import { AppError } from '@atlas/kit/errors';
import type { Part } from './topology.ts';

/** The named parts and everything they need, in an order in which each stands after its needs. Throws CONFIG_INVALID on unknown names and cycles. */
export function startOrder(parts: readonly Part[], only?: readonly string[]): Part[] {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const ordered: Part[] = [];
  for (const name of only ?? byName.keys()) visit(name, []);
  return ordered;

  function visit(name: string, path: string[]): void {
    const part = byName.get(name);
    if (part === undefined) throw unknownPart(name, [...byName.keys()]);
    if (path.includes(name)) throw new AppError('CONFIG_INVALID', { message: `parts need each other: ${[...path, name].join(' → ')}` });
    if (ordered.includes(part)) return;
    for (const need of part.needs) visit(need, [...path, name]);
    ordered.push(part);
  }
}

/** Starts every part as soon as all it needs are up. The first failure aborts the others and is thrown once all have come to rest. */
export async function startInOrder(parts: readonly Part[], start: (part: Part, signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const under = new Map<string, Promise<void>>();
  for (const part of parts) {
    const needs = part.needs.flatMap((name) => under.get(name) ?? []);
    under.set(
      part.name,
      Promise.all(needs).then(() => runUnlessAborted(part)),
    );
  }
  await Promise.all(under.values());
  if (failures.length > 0) throw failures[0];

  async function runUnlessAborted(part: Part): Promise<void> {
    if (abort.signal.aborted) return;
    try {
      await start(part, abort.signal);
    } catch (error) {
      failures.push(error);
      abort.abort();
    }
  }
}

export function unknownPart(name: string, known: readonly string[]): AppError {
  return new AppError('CONFIG_INVALID', { message: `there is no part "${name}". Parts: ${known.join(', ')}` });
}

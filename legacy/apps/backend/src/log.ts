type Level = 'info' | 'warn' | 'error';

/** One JSON line on stdout. Facts only, never a body, a key or a token. */
export function log(level: Level, message: string, facts: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), name: 'legacy', ...facts, message })}\n`);
}

/**
 * Name, message and stack of whatever was thrown. Prisma's messages print the query with its values, keys and tokens among them;
 * only their last line, which says what is wrong, is kept.
 */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  if (!error.name.startsWith('PrismaClient')) return { error: error.message, errorName: error.name, stack: error.stack };
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return { error: error.message.trimEnd().split('\n').at(-1), errorName: error.name, stack: frames.join('\n') };
}

type Level = 'info' | 'warn' | 'error';

/** One JSON line on stdout. Facts only, never a body, a key or a token. */
export function log(level: Level, message: string, facts: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), name: 'legacy', ...facts, message })}\n`);
}

/** Name, message and stack of whatever was thrown. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  return { error: error.message, errorName: error.name, stack: error.stack };
}

import type { ErrorCode } from '@atlas/contracts/errors';

/** An operating error: `code` for machines, `facts` for people and logs, `cause` kept. `facts.message` replaces the default text. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly facts: Record<string, unknown>;

  constructor(code: ErrorCode, facts: Record<string, unknown> = {}, cause?: unknown) {
    super(messageOf(code, facts), cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.facts = facts;
  }
}

/** Ends a switch over a union: the compiler proves it is never reached. Throws when outside input got past its parser. */
export function assertNever(value: never): never {
  throw new AppError('INTERNAL', { message: `unexpected value: ${JSON.stringify(value)}` });
}

/** The shortest honest text of anything thrown, causes included (at most five). */
export function errorText(error: unknown): string {
  const texts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth += 1) {
    texts.push(ownText(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return texts.join(' ← ');
}

function ownText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map((inner) => ownText(inner)).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function messageOf(code: ErrorCode, facts: Record<string, unknown>): string {
  if (typeof facts['message'] === 'string') return `${code}: ${facts['message']}`;
  const words = Object.entries(facts).map(([name, value]) => `${name}=${typeof value === 'bigint' ? value : JSON.stringify(value)}`);
  return words.length === 0 ? code : `${code}: ${words.join(' ')}`;
}

import { AppError } from './errors.ts';

type Env = Record<string, string | undefined>;
/** Reads one setting: a value, or the reason why there is none. */
export type Setting<T> = (env: Env) => { value: T } | { mistake: string };
type Values<Spec> = { [Key in keyof Spec]: Spec[Key] extends Setting<infer T> ? T : never };

/** Parses every setting of a process at once. Throws CONFIG_INVALID that lists all mistakes, each with the name of its variable. */
export function readSettings<Spec extends Record<string, Setting<unknown>>>(env: Env, spec: Spec): Values<Spec> {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(spec)) {
    const result = setting(env);
    if ('mistake' in result) mistakes.push(result.mistake);
    else values[key] = result.value;
  }
  if (mistakes.length > 0)
    throw new AppError('CONFIG_INVALID', { message: mistakes.map((mistake) => `\n  - ${mistake}`).join(''), mistakes });
  return values as Values<Spec>;
}

/** Any non-empty text. */
export function text(name: string, fallback?: string): Setting<string> {
  return (env) => raw(env, name, fallback, (value) => ({ value }));
}

/** Text that may be absent. */
export function optional(name: string): Setting<string | undefined> {
  return (env) => ({ value: env[name] === '' ? undefined : env[name] });
}

/** A TCP port, 0–65535 (0: any free one). */
export function port(name: string, fallback?: number): Setting<number> {
  return integer(name, fallback, { min: 0, max: 65_535 });
}

/** A whole number within limits. */
export function integer(name: string, fallback?: number, limits: { min?: number; max?: number } = {}): Setting<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits;
  return (env) =>
    raw<number>(env, name, fallback === undefined ? undefined : String(fallback), (value) => {
      const number = Number(value);
      if (!/^-?\d+$/.test(value) || number < min || number > max)
        return { mistake: `${name} must be a whole number from ${min} to ${max}, is "${value}"` };
      return { value: number };
    });
}

/** An absolute URL, without a slash at its end. */
export function url(name: string, fallback?: string): Setting<string> {
  return (env) =>
    raw<string>(env, name, fallback, (value) =>
      URL.canParse(value) ? { value: value.replace(/\/$/, '') } : { mistake: `${name} must be a URL, is "${value}"` },
    );
}

/** `true`/`1`/`on` or `false`/`0`/`off`. */
export function flag(name: string, fallback: boolean): Setting<boolean> {
  return (env) =>
    raw<boolean>(env, name, String(fallback), (value) => {
      if (['true', '1', 'on'].includes(value)) return { value: true };
      if (['false', '0', 'off'].includes(value)) return { value: false };
      return { mistake: `${name} must be true or false, is "${value}"` };
    });
}

/** One of the given words. */
export function oneOf<const Word extends string>(name: string, words: readonly Word[], fallback?: Word): Setting<Word> {
  return (env) =>
    raw<Word>(env, name, fallback, (value) => {
      const word = words.find((candidate) => candidate === value);
      return word === undefined ? { mistake: `${name} must be one of ${words.join(', ')}, is "${value}"` } : { value: word };
    });
}

function raw<T>(
  env: Env,
  name: string,
  fallback: string | undefined,
  parse: (value: string) => { value: T } | { mistake: string },
): { value: T } | { mistake: string } {
  const value = env[name] === undefined || env[name] === '' ? fallback : env[name];
  return value === undefined ? { mistake: `${name} is missing` } : parse(value);
}

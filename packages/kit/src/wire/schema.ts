import { z } from 'zod';
import { knownErrors } from './known-errors.ts';
import { printValue } from './print-value.ts';

// The legacy validates with yup, whose texts and casts ("5" is a number, 5 a string, "true" a boolean) are part of the wire.
// These builders are zod schemas with the same casts and, through `readInput`, the same words. A differential test keeps both equal.

/** Any text; numbers and booleans are cast to it. */
export function wireString(): z.ZodType<string> {
  return typed<string>('string', castString, (value) => typeof value === 'string');
}

/** A UUID of versions 1 to 5, or the nil UUID, in any case. */
export function wireUuid(): z.ZodType<string> {
  return wireString().refine((value) => uuidPattern.test(value), { error: `${pathMark} must be a valid UUID` });
}

/** An e-mail address as browsers accept it, or empty text (the legacy's validator lets that through). */
export function wireEmail(): z.ZodType<string> {
  return wireString().refine((value) => value === '' || emailPattern.test(value), { error: `${pathMark} must be a valid email` });
}

/** A number; text is cast to it. */
export function wireNumber(limits: { integer?: true; min?: number; max?: number } = {}): z.ZodType<number> {
  let schema = typed<number>('number', castNumber, isNumber);
  const { integer, min, max } = limits;
  if (integer === true) schema = schema.refine((value) => Number.isInteger(value), { error: `${pathMark} must be an integer` });
  if (min !== undefined) schema = schema.refine((value) => value >= min, { error: `${pathMark} must be greater than or equal to ${min}` });
  if (max !== undefined) schema = schema.refine((value) => value <= max, { error: `${pathMark} must be less than or equal to ${max}` });
  return schema;
}

/** true or false; `"true"`, `"1"`, `1`, `"false"`, `"0"` and `0` are cast to it. */
export function wireBoolean(): z.ZodType<boolean> {
  return typed<boolean>('boolean', castBoolean, (value) => typeof value === 'boolean');
}

/** Any value but null; the route decides. */
export function wireAnything(): z.ZodType<unknown> {
  return typed<unknown>(
    'mixed',
    (raw) => raw,
    (value) => value !== undefined && value !== null,
  );
}

/** Any value that passes a test; null only after `.nullable()`. */
export function wireWhere<T>(isValid: (value: unknown) => value is T): z.ZodType<T> {
  return wireAnything().refine(isValid, { error: `${pathMark} is invalid` }) as unknown as z.ZodType<T>;
}

/** Only `true`: an order that cannot be given negatively. */
export function wireTrue(): z.ZodType<true> {
  return typed<true>('boolean', castBoolean, (value) => typeof value === 'boolean', [true]);
}

/** One of the given words. */
export function wireOneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  return typed<Word>('string', castString, (value) => typeof value === 'string', words);
}

/** A list of at most `max` items. */
export function wireArray<Item>(item: z.ZodType<Item>, max: number): z.ZodType<Item[]> {
  const error = `${pathMark} field must have less than or equal to ${max} items`;
  // `when`: also beside problems of items, as in the legacy, but never for what is no list.
  return z.array(item).refine((items) => items.length <= max, { error, when: (payload) => Array.isArray(payload.value) });
}

/** An object with exactly these properties; others are a problem that names them. */
export function wireObject<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape);
}

/** Where in a request some input stands; the first word of every problem. */
export type InputPlace = 'body' | 'query' | 'params';

/** All problems of one input in the legacy's words, without their indentation. */
export type Reading<T> = { value: T } | { problems: string[] };

/** Parses one part of a request. Problems of fields come first, in the schema's order, then unknown properties. */
export function readInput<T>(schema: z.ZodType<T>, place: InputPlace, input: unknown): Reading<T> {
  const result = schema.safeParse(input, { error: wordsFor, reportInput: true });
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.map((issue) => issue.message.replace(pathMark, () => pathText(place, issue.path))) };
}

type Parts = Partial<Record<InputPlace, { schema: z.ZodType; input: unknown }>>;
type Values<P extends Parts> = { [Place in keyof P]: P[Place] extends { schema: z.ZodType<infer T> } ? T : never };

/** Parses all parts of a request. Throws SCHEMA_ERROR with every problem of every part. `path` is the pathname as the client called it. */
export function readRequest<P extends Parts>(request: { method: string; path: string }, parts: P): Values<P> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [place, part] of Object.entries(parts)) {
    const reading = readInput(part.schema, place as InputPlace, part.input);
    if ('problems' in reading) problems.push(...reading.problems);
    else values[place] = reading.value;
  }
  if (problems.length > 0) throw knownErrors.schema(schemaErrorText(request, problems));
  return values as Values<P>;
}

function schemaErrorText(request: { method: string; path: string }, problems: string[]): string {
  return `Request validation failed on ${request.method} ${request.path}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
}

const pathMark = '${path}';
const uuidPattern = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|00000000-0000-0000-0000-000000000000)$/i;
// The pattern of the HTML standard for `<input type=email>`: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
const emailPattern =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** A cast, a type and, when `allowed` is given, the only values; as in the legacy a value of the wrong type fails both tests. */
function typed<T>(
  type: string,
  cast: (raw: unknown) => unknown,
  isType: (value: unknown) => boolean,
  allowed?: readonly unknown[],
): z.ZodType<T> {
  return z.unknown().transform((raw, context) => {
    const value = raw === undefined || raw === null ? raw : cast(raw);
    const problems: string[] = [];
    if (!isType(value)) problems.push(typeText(type, value, raw));
    if (allowed !== undefined && value !== undefined && value !== null && !allowed.includes(value))
      problems.push(`${pathMark} must be one of the following values: ${allowed.join(', ')}`);
    if (problems.length === 0) return value as T;
    for (const message of problems) context.issues.push({ code: 'custom', input: raw, message });
    return z.NEVER;
  }) as unknown as z.ZodType<T>;
}

/** Issues of zod's own objects and arrays, in the legacy's words. */
const wordsFor: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys') return `${pathMark} contains unknown properties: ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_type') return typeText(issue.expected, issue.input, issue.input);
  return undefined;
};

function typeText(type: string, value: unknown, original: unknown): string {
  if (value === undefined) return `${pathMark} must be defined`;
  if (value === null) return `${pathMark} cannot be null`;
  const castFrom = Object.is(value, original) ? '.' : ` (cast from the value \`${printValue(original)}\`).`;
  return `${pathMark} must be a \`${type}\` type, but the final value was: \`${printValue(value)}\`${castFrom}`;
}

function pathText(place: InputPlace, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`), place);
}

function castString(raw: unknown): unknown {
  return typeof raw === 'object' ? raw : String(raw);
}

function castNumber(raw: unknown): unknown {
  if (isNumber(raw)) return raw;
  if (typeof raw !== 'string') return Number.parseFloat(jsonText(raw));
  const digits = raw.replace(/\s/g, '');
  return digits === '' ? Number.NaN : Number(digits);
}

function castBoolean(raw: unknown): unknown {
  if (typeof raw === 'boolean') return raw;
  if (/^(true|1)$/i.test(jsonText(raw))) return true;
  if (/^(false|0)$/i.test(jsonText(raw))) return false;
  return raw;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

/** `String(value)` of a JSON value, safe against a client's own `toString` property. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => (item === null ? '' : jsonText(item))).join(',');
  return typeof value === 'object' && value !== null ? '[object Object]' : String(value);
}

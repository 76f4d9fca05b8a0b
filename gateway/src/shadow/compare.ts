import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

const bodyBytesMax = 1024 * 1024;
const pathsMax = 20;
/** Values that differ between any two answers to the same question; never compared. */
const volatile = new Set(['request_id']);

/** One answer as the comparison sees it. */
export type Observation = { status: number; knownError: string | undefined; encoding: string | undefined; body: Buffer };

/** JSON paths (`items[].enabled`) at which two answers differ; array places and ids are left out, so no personal data is in them. */
export function differingPaths(control: Observation, candidate: Observation): string[] {
  if (control.status !== candidate.status) return ['(status)'];
  if (control.knownError !== candidate.knownError) return ['(known error)'];
  const [left, right] = [decoded(control), decoded(candidate)];
  if (left.equals(right)) return [];
  const [leftJson, rightJson] = [parsed(left), parsed(right)];
  if (leftJson === undefined || rightJson === undefined) return ['(body)'];
  const paths = new Set<string>();
  collect(leftJson.value, rightJson.value, '', paths);
  return [...paths];
}

function collect(left: unknown, right: unknown, path: string, paths: Set<string>): void {
  if (paths.size >= pathsMax || Object.is(left, right)) return;
  if (Array.isArray(left) && Array.isArray(right)) return void collectArray(left, right, path, paths);
  if (isObject(left) && isObject(right)) return void collectObject(left, right, path, paths);
  paths.add(path === '' ? '(body)' : path);
}

function collectArray(left: unknown[], right: unknown[], path: string, paths: Set<string>): void {
  if (left.length !== right.length) paths.add(`${path}[]`);
  for (const [index, value] of left.entries()) if (index < right.length) collect(value, right[index], `${path}[]`, paths);
}

function collectObject(left: Record<string, unknown>, right: Record<string, unknown>, path: string, paths: Set<string>): void {
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (volatile.has(key)) continue;
    const at = `${path === '' ? '' : `${path}.`}${safeKey(key)}`;
    if (key in left && key in right) collect(left[key], right[key], at, paths);
    else if (paths.size < pathsMax) paths.add(at);
  }
}

/** Field names of the wire are snake case words; anything else could be a value someone used as a key. */
function safeKey(key: string): string {
  return /^[a-zA-Z][a-zA-Z_]{0,40}$/.test(key) ? key : '*';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString('utf8')) };
  } catch {
    // Not JSON: compared as bytes only.
    return undefined;
  }
}

function decoded({ encoding, body }: Observation): Buffer {
  const options = { maxOutputLength: bodyBytesMax };
  if (encoding === 'gzip') return gunzipSync(body, options);
  if (encoding === 'br') return brotliDecompressSync(body, options);
  if (encoding === 'deflate') return inflateSync(body, options);
  return body;
}

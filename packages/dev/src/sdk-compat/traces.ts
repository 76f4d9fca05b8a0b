import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SdkVersion } from '../scenario/sdk.ts';
import type { CallRequest } from './call.ts';

/** The requests of each call as they were once recorded, a line each: method, path, access and tokens, names in the body. */
export type Trace = ReadonlyMap<string, readonly string[]>;

/** What a published version sent for each call when it was recorded. Lines of a call are indented below its name. */
export function readTrace(version: SdkVersion): Trace {
  const trace = new Map<string, string[]>();
  let current = '';
  for (const line of readFileSync(join(import.meta.dirname, 'traces', `${version}.txt`), 'utf8').split('\n')) {
    if (line.startsWith('  ')) trace.get(current)?.push(line.trim());
    else if (line !== '') {
      current = line;
      trace.set(current, []);
    }
  }
  return trace;
}

/**
 * Requests in the words of a trace. Without those that the SDK's cache asks for by itself, before a call or after it as its timing will
 * have it: the current user, and fresh access tokens.
 */
export function traceLines(requests: readonly CallRequest[]): string[] {
  return requests.map(lineOf).filter((line) => !/^(GET \/users\/me |POST \/auth\/oauth\/token )/.test(line));
}

function lineOf({ method, path, as, body }: CallRequest): string {
  const names = typeof body === 'object' && body !== null ? Object.keys(body).sort() : [];
  return [method, wordsOf(path), as, ...names].join(' ');
}

function wordsOf(path: string): string {
  return path
    .replace(/^\/api\/v1/, '')
    .replace(/<id \d+>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/(\/connected-accounts\/me\/\w+)\/[^/]*(%40|@)[^/]*\//, '$1/<account>/')
    .replace(/compat_(team|project)$/, '<permission>')
    .replace(/query=[^&]+/, 'query=<text>');
}

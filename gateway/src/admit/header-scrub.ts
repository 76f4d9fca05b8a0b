import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Refusal } from './hygiene.ts';

/** Headers of one hop (RFC 9110 §7.6.1). `transfer-encoding` stays with the body it frames and is settled when the body is read. */
export const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
];
/** What only a trusted hop may say about a client; ours are set fresh. `expect` was answered by this server. */
const claims = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-cluster-client-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-original-host',
  'x-http-method-override',
  'x-method-override',
  'x-middleware-subrequest',
  'expect',
]);
/** What `Connection` may not name away: the request would mean another thing upstream. */
const notByConnection = new Set(['host', 'content-length', 'content-type', 'transfer-encoding', 'authorization', 'cookie', 'origin']);
const oldFamily = 'x-stack-';
const newFamily = 'x-hexclave-';

/**
 * Cleans `req.headers` in place: hop-by-hop and Connection-named headers, every `x-gw-*` and every claim about the client go;
 * `x-hexclave-*` becomes `x-stack-*`. The same value under both names (or twice) counts once; different values are refused,
 * because who the request is from must not depend on which one a reader picks.
 */
export function scrubHeaders(req: IncomingMessage): Refusal | null {
  const named = connectionNames(req.headers.connection);
  for (const name of named)
    if (notByConnection.has(name) || isFamily(name)) return { status: 400, why: 'connection names a header that is not its own' };
  const family = readFamily(req.rawHeaders);
  if ('why' in family) return family;
  for (const name of Object.keys(req.headers)) {
    if (hopByHop.includes(name) || named.has(name) || claims.has(name) || isOurs(name) || isFamily(name)) delete req.headers[name];
  }
  for (const [name, value] of family.values) req.headers[name] = value;
  return null;
}

/** Removes what must not reach a client from an upstream's response headers: hop-by-hop and everything between us and the sides. */
export function scrubResponseHeaders(headers: IncomingHttpHeaders): void {
  const named = connectionNames(headers.connection);
  for (const name of Object.keys(headers)) {
    if (hopByHop.includes(name) || named.has(name) || isOurs(name) || name === 'x-request-id' || name === 'traceparent')
      delete headers[name];
  }
}

function connectionNames(connection: string | undefined): Set<string> {
  if (connection === undefined) return new Set();
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

function isOurs(name: string): boolean {
  return name.startsWith('x-gw-') || name.startsWith('x-forwarded-');
}

function isFamily(name: string): boolean {
  return name.startsWith(oldFamily) || name.startsWith(newFamily);
}

function readFamily(rawHeaders: string[]): { values: Map<string, string> } | Refusal {
  const values = new Map<string, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const written = (rawHeaders[index] ?? '').toLowerCase();
    if (!isFamily(written)) continue;
    const name = written.startsWith(newFamily) ? oldFamily + written.slice(newFamily.length) : written;
    const value = rawHeaders[index + 1] ?? '';
    const other = values.get(name);
    if (other !== undefined && other !== value) return { status: 400, why: `two values of ${name}` };
    values.set(name, value);
  }
  return { values };
}

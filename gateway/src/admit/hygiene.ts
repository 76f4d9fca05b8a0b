import type { IncomingMessage } from 'node:http';

export type Refusal = { status: number; why: string };

const headersMax = 100;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Headers of which two differing values would let two readers see two requests. `x-stack-*` and `x-hexclave-*` are handled by the scrub. */
const singleValued = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'authorization',
  'expect',
  'upgrade',
  'origin',
  'referer',
  'user-agent',
  'traceparent',
  'idempotency-key',
  'x-gw-tester',
  'x-gw-override',
]);
const hostPattern = /^([A-Za-z0-9\-._]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/;

/** The reason to refuse a request's head, or null. Node's parser (strict) has already refused broken framing. */
export function uncleanliness(req: IncomingMessage, bodyBytesMax: number): Refusal | null {
  if (!methods.has(req.method ?? '')) return { status: 405, why: 'method' };
  if (req.rawHeaders.length / 2 > headersMax) return { status: 431, why: 'too many headers' };
  return uncleanNames(req.rawHeaders) ?? uncleanHost(req) ?? uncleanFraming(req, bodyBytesMax);
}

function uncleanNames(rawHeaders: string[]): Refusal | null {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (name.includes('_')) return { status: 400, why: 'underscore in a header name' };
    if (singleValued.has(name) && seen.has(name)) return { status: 400, why: `more than one ${name}` };
    if (holdsControl(rawHeaders[index + 1] ?? '')) return { status: 400, why: 'control byte in a header' };
    seen.add(name);
  }
  return null;
}

/** A tab is whitespace in a header's value; every other control byte is refused. */
function holdsControl(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

function uncleanHost(req: IncomingMessage): Refusal | null {
  const { host } = req.headers;
  if (host === undefined) return req.httpVersion === '1.0' ? null : { status: 400, why: 'no host' };
  return hostPattern.test(host) ? null : { status: 400, why: 'host' };
}

function uncleanFraming(req: IncomingMessage, bodyBytesMax: number): Refusal | null {
  const { upgrade } = req.headers;
  const coding = req.headers['transfer-encoding'];
  const length = req.headers['content-length'];
  if (upgrade !== undefined && upgrade.toLowerCase() !== 'websocket') return { status: 400, why: 'upgrade' };
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || length !== undefined))
    return { status: 400, why: 'transfer-encoding' };
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return { status: 400, why: 'content-length' };
  if (Number(length ?? 0) > bodyBytesMax) return { status: 413, why: 'body too large' };
  return null;
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Gives the request its ids, for the upstream and the log only: a fresh `x-request-id`, and `traceparent` (W3C), kept when it is a valid one. */
export function stampIds(headers: IncomingHttpHeaders): string {
  const requestId = randomUUID();
  headers['x-request-id'] = requestId;
  if (!traceparentPattern.test(String(headers['traceparent'] ?? ''))) {
    headers['traceparent'] = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
    delete headers['tracestate'];
  }
  return requestId;
}

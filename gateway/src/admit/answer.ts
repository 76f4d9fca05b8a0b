import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '@atlas/contracts/errors';

/** What a client reads when the gateway itself answers. No host, path or reason of ours in it. */
const texts: Partial<Record<ErrorCode, string>> = {
  BAD_REQUEST: 'Bad request.',
  TOO_LARGE: 'The request is too large.',
  NOT_FOUND: '404 Not Found.',
  HOLD_TIMEOUT: 'Please try again.',
  HOLD_FULL: 'Please try again.',
  LEDGER_UNAVAILABLE: 'Please try again.',
  OVERLOADED: 'Please try again.',
  DRAINING: 'Please try again.',
  UPSTREAM_REFUSED: 'The service is not reachable at the moment.',
  UPSTREAM_TIMEOUT: 'The service did not answer in time.',
};

/** Closed by the client before an answer (nginx's number); logged, never sent. */
export const clientClosed = 499;

/**
 * The gateway's own answer, in the wire's form for errors that are not known errors: plain text, no known-error header, no-store; below `/api`
 * with the CORS header of every answer there, without which a browser's SDK would not see the status. 429 asks for a retry after one second.
 */
export function answer(res: ServerResponse, status: number, code: ErrorCode): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const body = texts[code] ?? 'The request failed.';
  res.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store, max-age=0',
    'access-control-allow-origin': '*',
    ...(status === 429 ? { 'retry-after': '1' } : {}),
    ...(status === 400 || status === 431 ? { connection: 'close' } : {}),
  });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

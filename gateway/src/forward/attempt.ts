import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { AppError } from '@atlas/kit/errors';
import type { Upstream } from './upstreams.ts';

/** A request that can be sent again: its whole body is here. `target` is the canonical path with the query. */
export type SendableRequest = { method: string; target: string; headers: IncomingHttpHeaders; body: Buffer };

/**
 * Sends one request, at once (the socket is asked for before this returns, so callers that go in order send in order), and answers the response
 * as soon as its headers are here; nothing has reached a client. A client that leaves does not stop it: what a write did must be known.
 * Throws what the socket threw, or UPSTREAM_TIMEOUT.
 */
export function attempt(upstream: Upstream, sendable: SendableRequest, deadlineMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: upstream.url.hostname,
      port: upstream.url.port,
      agent: upstream.agent,
      method: sendable.method,
      path: sendable.target,
      headers: sendable.headers,
    });
    const timer = setTimeout(() => outgoing.destroy(new AppError('UPSTREAM_TIMEOUT', { side: upstream.side, deadlineMs })), deadlineMs);
    outgoing.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(sendable.body);
  });
}

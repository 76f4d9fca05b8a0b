import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { scrubResponseHeaders } from '../admit/header-scrub.ts';

/** Lets an upstream's response go to the client: scrubbed headers, then the body as it comes. An upstream that breaks off breaks the client off too. */
export function releaseResponse(from: IncomingMessage, to: ServerResponse, debug: Record<string, string>): void {
  if (to.destroyed || to.headersSent) {
    from.destroy();
    return;
  }
  scrubResponseHeaders(from.headers);
  delete from.headers['transfer-encoding'];
  to.writeHead(from.statusCode ?? 502, from.statusMessage ?? '', { ...from.headers, ...debug });
  // A break in the middle destroys both ends; the access log tells it by its status.
  pipeline(from, to, () => {});
}

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { canonicalTarget } from '../admit/canonical-path.ts';
import { readClaimed, setForwarded } from '../admit/forwarded.ts';
import { scrubHeaders } from '../admit/header-scrub.ts';
import { uncleanliness } from '../admit/hygiene.ts';
import { stampIds } from '../admit/ids.ts';
import type { RouteTable } from '../table/route-table.ts';
import type { StreamProxy } from './stream-proxy.ts';

const socketsMax = 1_000;

type Deps = { table: () => RouteTable; legacy: StreamProxy; trustedProxies: ReadonlySet<string>; onRefused(why: string): void };

/** Only a WebSocket handshake leaves HTTP; any other `Upgrade` stays a request and is refused by hygiene. */
export function isWebsocketUpgrade(req: IncomingMessage): boolean {
  return req.headers.upgrade?.toLowerCase() === 'websocket' && req.method === 'GET';
}

/**
 * Passes WebSockets to the legacy, after the same steps as any request. A slice's routes have none. Registered on the server itself:
 * the library would subscribe only after a first plain request. Answers the open sockets, to be ended when the gateway leaves.
 */
export function passWebsockets(server: Server, deps: Deps): Set<Duplex> {
  const open = new Set<Duplex>();
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that resets during the handshake is no error of ours; without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    const refusal = open.size >= socketsMax ? { status: 503, why: 'too many websockets' } : prepare(req, deps);
    if (refusal !== null) {
      deps.onRefused(refusal.why);
      socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    deps.legacy.upgrade(req, socket as Socket, head);
  });
  return open;
}

function prepare(req: IncomingMessage, deps: Deps): { status: number; why: string } | null {
  const unclean = uncleanliness(req, 0);
  if (unclean !== null) return unclean;
  const target = canonicalTarget(req.url ?? '');
  if ('mistake' in target) return { status: target.status, why: target.mistake };
  if (deps.table().find('GET', target.path).kind !== 'unsliced') return { status: 404, why: 'no websocket here' };
  req.url = target.path + target.search;
  const claimed = readClaimed(req);
  // The handshake's own hop-by-hop pair goes on, nothing else that `Connection` names does.
  const refusal = scrubHeaders(req);
  if (refusal !== null) return refusal;
  req.headers.connection = 'Upgrade';
  req.headers.upgrade = 'websocket';
  setForwarded(req, claimed, deps.trustedProxies);
  stampIds(req.headers);
  return null;
}

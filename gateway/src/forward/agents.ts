import { Agent, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const idleMs = 4_000;
const idleSocketsMax = 256;

/**
 * Keeps upstream connections, and drops one that was idle for 4 s: upstreams keep theirs 75 s, so a request never meets a socket the other end
 * has just closed. (The agent's own `timeout` option would also time active requests, and leaks a listener for each.)
 */
export class KeepAliveAgent extends Agent {
  constructor() {
    super({ keepAlive: true, maxFreeSockets: idleSocketsMax, scheduling: 'lifo' });
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const isKept = (super.keepSocketAlive(socket) as unknown as boolean | undefined) !== false;
    if (isKept) (socket as Socket).setTimeout(idleMs);
    return isKept;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).setTimeout(0);
  }
}

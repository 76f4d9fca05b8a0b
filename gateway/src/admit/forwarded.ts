import type { IncomingMessage } from 'node:http';

/**
 * Sets `x-forwarded-*` and `forwarded` fresh for the upstream. What a client claims was dropped by the scrub; a listed proxy's
 * `x-forwarded-for` and `x-forwarded-proto` (read before the scrub) are believed, the nearest address that is no listed proxy being the client's.
 */
export function setForwarded(req: IncomingMessage, claimed: Claimed, trustedProxies: ReadonlySet<string>): string {
  const peer = plainAddress(req.socket.remoteAddress ?? '');
  const isProxied = trustedProxies.has(peer);
  const client = isProxied ? nearestStranger(claimed.for, trustedProxies, peer) : peer;
  const proto = isProxied && claimed.proto === 'https' ? 'https' : 'http';
  const host = req.headers.host ?? '';
  req.headers['x-forwarded-for'] = client;
  req.headers['x-forwarded-proto'] = proto;
  req.headers['x-forwarded-host'] = host;
  req.headers['forwarded'] = `for=${client.includes(':') ? `"[${client}]"` : client};proto=${proto};host="${host}"`;
  return client;
}

/** What the headers of the request said of its client before they were scrubbed. */
export type Claimed = { for: string | undefined; proto: string | undefined };

export function readClaimed(req: IncomingMessage): Claimed {
  return { for: single(req.headers['x-forwarded-for']), proto: single(req.headers['x-forwarded-proto']) };
}

function nearestStranger(chain: string | undefined, trustedProxies: ReadonlySet<string>, peer: string): string {
  const hops = (chain ?? '').split(',').map((hop) => plainAddress(hop.trim()));
  const stranger = hops.toReversed().find((hop) => hop !== '' && !trustedProxies.has(hop));
  return stranger !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(stranger) ? stranger : peer;
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

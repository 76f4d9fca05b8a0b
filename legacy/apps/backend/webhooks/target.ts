import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const urlCharactersMax = 2_048;

// Addresses that lead into the server's own network: a webhook must not be a way in (RFC 1918, 3927, 4193, 4291, 6598, 6890).
const internal = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  internal.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  internal.addSubnet(network, prefix, 'ipv6');

/** Whether an address is one of the server's own network. IPv4 in IPv6 clothes counts as IPv4. */
export function isInternalAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return internal.check(mapped, 'ipv4');
  const family = isIP(address);
  return family === 0 || internal.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Why an address may not be an endpoint, or null. Names are looked up again at each delivery. */
export function targetMistake(url: string, isDevelopment: boolean): string | null {
  if (url.length > urlCharactersMax) return `url must have at most ${urlCharactersMax} characters`;
  if (!URL.canParse(url)) return 'url must be a valid URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (protocol !== 'https:' && !(protocol === 'http:' && isDevelopment)) return 'url must begin with https://';
  if (username !== '' || password !== '') return 'url must not hold a password';
  const host = hostname.replace(/^\[|\]$/g, '');
  if (!isDevelopment && (host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && isInternalAddress(host))))
    return 'url must not lead into the internal network';
  return null;
}

/** Looks a name up and refuses it when any of its addresses is internal: asked at the connection itself, so that no second answer counts. */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, []);
    const found = addresses.find(({ address }) => isInternalAddress(address));
    if (found !== undefined) return done(new Error(`${hostname} leads into the internal network`), []);
    if (options.all === true) return done(null, addresses);
    const [first] = addresses;
    if (first === undefined) return done(new Error(`${hostname} has no address`), []);
    done(null, first.address, first.family);
  });
};

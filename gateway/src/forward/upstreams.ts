import type { Agent } from 'node:http';
import type { Side } from '@atlas/contracts/ledger';
import { KeepAliveAgent } from './agents.ts';

/** One place requests are forwarded to. */
export type Upstream = { side: Side; url: URL; agent: Agent };
export type Upstreams = Readonly<Record<Side, Upstream>>;

export function createUpstreams(urls: { legacy: string; extracted: string }): Upstreams {
  return {
    legacy: { side: 'legacy', url: new URL(urls.legacy), agent: new KeepAliveAgent() },
    extracted: { side: 'extracted', url: new URL(urls.extracted), agent: new KeepAliveAgent() },
  };
}

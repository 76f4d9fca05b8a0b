import type { Side } from '@atlas/contracts/ledger';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Logger } from '@atlas/kit/logger';
import type { StreamProxy } from '../forward/stream-proxy.ts';
import type { Upstreams } from '../forward/upstreams.ts';
import type { Holds } from '../hold/holds.ts';
import type { WritesInFlight } from '../hold/writes-in-flight.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ShadowTap } from '../shadow/shadow.ts';
import type { Positions } from '../watermark/positions.ts';
import type { Situation } from './situation.ts';

/** What conducting a request needs. */
export type ConductDeps = {
  ledger: LedgerClient;
  situation: Situation;
  holds: Holds;
  writes: WritesInFlight;
  upstreams: Upstreams;
  streams: Readonly<Record<Side, StreamProxy>>;
  positions: { of(slice: string): Positions | undefined; noteAll(tenant: string | undefined): Promise<void>; isWatching(): boolean };
  shadow: ShadowTap;
  metrics: Metrics;
  log: Logger;
  nowMs: () => number;
  limits: { holdMs: number; upstreamMs: number; stallMs: number };
};

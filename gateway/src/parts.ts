import type { Phase } from '@atlas/contracts/ledger';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Logger } from '@atlas/kit/logger';
import { Pins } from './admin/pins.ts';
import { Admission } from './admit/admission.ts';
import type { SplitFlags } from './conduct/situation.ts';
import { Situation } from './conduct/situation.ts';
import type { GatewayConfig } from './config.ts';
import { StreamProxy } from './forward/stream-proxy.ts';
import { createUpstreams } from './forward/upstreams.ts';
import { DrainWatch } from './hold/drain-watch.ts';
import { Holds } from './hold/holds.ts';
import { WritesInFlight } from './hold/writes-in-flight.ts';
import { createMetrics } from './observe/metrics.ts';
import { Shadow } from './shadow/shadow.ts';
import { Tables } from './table/tables.ts';
import { type PositionSource, Positions } from './watermark/positions.ts';

/** Slices this gateway has upstreams and position sources for: a new slice is a new word here, a setting and a source. */
export const knownSlices = ['notifications'] as const;

/** What the gateway is given; `main.ts` makes the real ones. */
export type GatewayDeps = {
  config: GatewayConfig;
  ledger: LedgerClient;
  flags: SplitFlags & { start(): Promise<void>; stop(): Promise<void>; ageMs(): number };
  /** Positions of the slice in both databases. */
  source: PositionSource;
  log: Logger;
  nowMs?: () => number;
  random?: () => number;
};

export type Parts = ReturnType<typeof createParts>;

/** Everything that lives between the two listeners, wired. Nothing runs yet. */
export function createParts(deps: GatewayDeps) {
  const { config, ledger, flags, log } = deps;
  const nowMs = deps.nowMs ?? (() => performance.now());
  const metrics = createMetrics();
  const pins = new Pins(config.pinFile);
  const upstreams = createUpstreams({ legacy: config.legacyUrl, extracted: config.notificationsUrl });
  const limits = { deadlineMs: config.upstreamDeadlineMs, stallMs: config.upstreamStallMs };
  const streams = { legacy: new StreamProxy(upstreams.legacy, limits), extracted: new StreamProxy(upstreams.extracted, limits) };
  const trackers = new Map<string, Positions>(
    knownSlices.map((slice) => [slice, new Positions({ slice, source: deps.source, nowMs, log })]),
  );
  const positions = {
    of: (slice: string) => trackers.get(slice),
    all: () => [...trackers.values()],
    isWatching: () => [...trackers.values()].some((tracker) => tracker.isWatching),
    noteAll: async (tenant: string | undefined) => void (await Promise.all([...trackers.values()].map((tracker) => tracker.note(tenant)))),
  };
  const drainWatch = new DrainWatch();
  const writes = new WritesInFlight(() => ledger.setDrained(drainWatch.drained((slice) => writes.of(slice))));
  return {
    nowMs,
    metrics,
    pins,
    upstreams,
    streams,
    positions,
    drainWatch,
    writes,
    admission: new Admission(config.inFlightMax),
    tables: new Tables({ ledger, upstreams: new Set(knownSlices), log }),
    situation: new Situation({ ledger, pins, flags, positions: positions.of, nowMs }),
    holds: new Holds(nowMs),
    shadow: new Shadow({
      upstreams,
      ledger,
      positions: positions.of,
      metrics,
      log,
      nowMs,
      now: () => new Date(),
      random: deps.random ?? Math.random,
      deadlineMs: config.upstreamDeadlineMs,
    }),
  };
}

/** The ledger said something new: obey it before it is acknowledged as seen, then let those wait no longer who may go. */
export function obey(parts: Parts, ledger: LedgerClient): void {
  const view = ledger.view();
  if (view === null) return;
  parts.tables.follow();
  parts.drainWatch.see(view);
  for (const slice of knownSlices) {
    const phase: Phase = view.units.find((unit) => unit.slice === slice && unit.tenant === '*')?.phase ?? 'legacy';
    parts.positions.of(slice)?.enter(phase);
  }
  parts.holds.release();
  ledger.setDrained(parts.drainWatch.drained((slice) => parts.writes.of(slice)));
}

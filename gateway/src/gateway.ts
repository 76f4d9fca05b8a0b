import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Logger } from '@atlas/kit/logger';
import { createAdminApp } from './admin/admin-app.ts';
import { Pins } from './admin/pins.ts';
import { Admission } from './admit/admission.ts';
import { createTesterCheck } from './admit/tester.ts';
import { createApp } from './app.ts';
import type { SplitFlags } from './conduct/situation.ts';
import { Situation } from './conduct/situation.ts';
import type { GatewayConfig } from './config.ts';
import { keepAliveSeconds, StreamProxy } from './forward/stream-proxy.ts';
import { createUpstreams } from './forward/upstreams.ts';
import { isWebsocketUpgrade, passWebsockets } from './forward/websocket.ts';
import { DrainWatch } from './hold/drain-watch.ts';
import { Holds } from './hold/holds.ts';
import { WritesInFlight } from './hold/writes-in-flight.ts';
import { createMetrics } from './observe/metrics.ts';
import { Shadow } from './shadow/shadow.ts';
import { Tables } from './table/tables.ts';
import { type PositionSource, Positions } from './watermark/positions.ts';

const timeouts = { headersMs: 15_000, requestMs: 60_000 };
const knownSlices = ['notifications'] as const;

/** What the gateway is given; `main.ts` makes the real ones. */
export type GatewayDeps = {
  config: GatewayConfig;
  ledger: LedgerClient;
  flags: SplitFlags & { start(): Promise<void>; stop(): Promise<void>; ageMs(): number };
  /** Positions of one slice in both databases. */
  source: PositionSource;
  log: Logger;
  nowMs?: () => number;
  random?: () => number;
};

export type Gateway = {
  start(): Promise<{ url: string; adminUrl: string }>;
  /** Drains: not ready → grace → Connection: close → until nothing is under way. */
  stop(): Promise<void>;
};

/** The whole gateway: both listeners and everything that lives between a start and a stop. */
export function createGateway(deps: GatewayDeps): Gateway {
  const { config, ledger, flags, log } = deps;
  const nowMs = deps.nowMs ?? (() => performance.now());
  const metrics = createMetrics();
  const pins = new Pins(config.pinFile);
  const admission = new Admission(config.inFlightMax);
  const upstreams = createUpstreams({ legacy: config.legacyUrl, extracted: config.notificationsUrl });
  const streamLimits = { deadlineMs: config.upstreamDeadlineMs, stallMs: config.upstreamStallMs };
  const streams = {
    legacy: new StreamProxy(upstreams.legacy, streamLimits),
    extracted: new StreamProxy(upstreams.extracted, streamLimits),
  };
  const tables = new Tables({ ledger, upstreams: new Set(knownSlices), log });
  const positions = new Map(knownSlices.map((slice) => [slice as string, new Positions({ slice, source: deps.source, nowMs, log })]));
  const situation = new Situation({ ledger, pins, flags, positions: (slice) => positions.get(slice), nowMs });
  const holds = new Holds(nowMs);
  const drainWatch = new DrainWatch();
  const writes = new WritesInFlight(() => acknowledgeDrained());
  const shadow = new Shadow({
    upstreams,
    ledger,
    positions: (slice) => positions.get(slice),
    metrics,
    log,
    nowMs,
    now: () => new Date(),
    random: deps.random ?? Math.random,
    deadlineMs: config.upstreamDeadlineMs,
  });

  const acknowledgeDrained = () => ledger.setDrained(drainWatch.drained((slice) => writes.of(slice)));

  /** The ledger said something new: obey it before it is acknowledged as seen, then let those wait no longer who may go. */
  const obey = () => {
    const view = ledger.view();
    if (view === null) return;
    tables.follow();
    drainWatch.see(view);
    for (const [slice, tracker] of positions) tracker.enter(phaseOf(view.units, slice));
    holds.release();
    acknowledgeDrained();
  };

  const app = createApp({
    ledger,
    situation,
    holds,
    writes,
    upstreams,
    streams,
    shadow,
    metrics,
    log,
    nowMs,
    admission,
    positions: {
      of: (slice) => positions.get(slice),
      isWatching: () => [...positions.values()].some((tracker) => tracker.isWatching),
      noteAll: async (tenant) => void (await Promise.all([...positions.values()].map((tracker) => tracker.note(tenant)))),
    },
    limits: { holdMs: config.holdDeadlineMs, upstreamMs: config.upstreamDeadlineMs, stallMs: config.upstreamStallMs },
    table: () => tables.current,
    testerOf: createTesterCheck(config.testerSecret),
    trustedProxies: config.trustedProxies,
    isAccessLogged: config.isAccessLogged,
    bodyBytesMax: config.bodyBytesMax,
  });
  const server = createServer({ shouldUpgradeCallback: isWebsocketUpgrade, keepAliveTimeout: keepAliveSeconds * 1_000 }, app);
  server.headersTimeout = timeouts.headersMs;
  server.requestTimeout = timeouts.requestMs;
  answerWhatExpressNeverSees(server, (why) => metrics.rejects.inc({ step: 'parser', why }));
  const websockets = passWebsockets(server, {
    table: () => tables.current,
    legacy: streams.legacy,
    trustedProxies: config.trustedProxies,
    onRefused: (why) => metrics.rejects.inc({ step: 'websocket', why }),
  });

  const admin = createServer(
    createAdminApp({
      isDevelopment: config.environment === 'development',
      ledger,
      admission,
      table: () => tables.current,
      situation,
      holds,
      writes,
      positions: () => [...positions.values()],
      pins,
      metrics,
      nowMs,
      // The process's own signal handler drains and exits; so /drain and SIGTERM are one way out.
      drain: () => process.kill(process.pid, 'SIGTERM'),
      isReady: () => admission.stage === 'serving' && ledger.view() !== null && ledger.plan() !== null,
      refreshGauges: () => {
        metrics.inFlight.set(admission.inFlight);
        metrics.flagsAge.set(flags.ageMs() / 1_000);
        metrics.ledgerLost.set(ledger.leaseLostMs() / 1_000);
        for (const { key, requests } of holds.counts()) metrics.held.set({ queue: key }, requests);
        for (const unit of ledger.view()?.units ?? [])
          if (unit.tenant === '*') metrics.epoch.set({ slice: unit.slice }, Number(unit.epoch));
      },
    }),
  );

  return {
    async start() {
      await mkdir(dirname(config.snapshotFile), { recursive: true });
      await pins.start();
      ledger.onChange(obey);
      await Promise.all([ledger.start(), flags.start()]);
      obey();
      shadow.start();
      const adminPort = await listenOn(admin, config.adminPort, config.adminHost);
      const port = await listenOn(server, config.port, config.host);
      admission.stage = 'serving';
      log.info({ port, adminPort, revision: ledger.view()?.revision.toString() }, 'gateway serves');
      return { url: `http://${config.host}:${port}`, adminUrl: `http://${config.adminHost}:${adminPort}` };
    },
    async stop() {
      admission.stage = 'leaving';
      await new Promise((resolve) => setTimeout(resolve, config.drainGraceMs));
      admission.stage = 'closing';
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await admission.idle();
      // With an error, so that the library ends the upstream's half too.
      for (const socket of websockets) socket.destroy(new AppError('DRAINING'));
      server.closeAllConnections();
      await closed;
      shadow.stop();
      holds.stop();
      for (const tracker of positions.values()) tracker.stop();
      await Promise.all([ledger.stop(), flags.stop()]);
      for (const upstream of Object.values(upstreams)) upstream.agent.destroy();
      await new Promise<void>((resolve) => {
        admin.close(() => resolve());
        admin.closeAllConnections();
      });
    },
  };
}

function phaseOf(units: readonly { slice: string; tenant: string; phase: Parameters<Positions['enter']>[0] }[], slice: string) {
  return units.find((unit) => unit.slice === slice && unit.tenant === '*')?.phase ?? 'legacy';
}

/** Broken framing and CONNECT end in the parser: answered with a bare status, and counted. */
function answerWhatExpressNeverSees(server: Server, onRefused: (why: string) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(error.code ?? 'parse');
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  server.on('connect', (_req, socket) => {
    onRefused('method');
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new AppError('PORT_BUSY', { port, host }, error) : error),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

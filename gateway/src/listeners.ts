import { createServer, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdminApp } from './admin/admin-app.ts';
import { createTesterCheck } from './admit/tester.ts';
import { createApp } from './app.ts';
import { keepAliveSeconds } from './forward/stream-proxy.ts';
import { isWebsocketUpgrade, passWebsockets } from './forward/websocket.ts';
import type { GatewayDeps, Parts } from './parts.ts';

const headersMs = 15_000;
const requestMs = 60_000;

/** The clients' listener, and the WebSockets open on it. */
export function createPublicServer(deps: GatewayDeps, parts: Parts): { server: Server; websockets: Set<Duplex> } {
  const { config, ledger, log } = deps;
  const app = createApp({
    ...parts,
    ledger,
    log,
    limits: { holdMs: config.holdDeadlineMs, upstreamMs: config.upstreamDeadlineMs, stallMs: config.upstreamStallMs },
    table: () => parts.tables.current,
    testerOf: createTesterCheck(config.testerSecret),
    trustedProxies: config.trustedProxies,
    isAccessLogged: config.isAccessLogged,
    bodyBytesMax: config.bodyBytesMax,
  });
  const server = createServer({ shouldUpgradeCallback: isWebsocketUpgrade, keepAliveTimeout: keepAliveSeconds * 1_000 }, app);
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  answerWhatExpressNeverSees(server, (why) => parts.metrics.rejects.inc({ step: 'parser', why }));
  const websockets = passWebsockets(server, {
    table: () => parts.tables.current,
    legacy: parts.streams.legacy,
    trustedProxies: config.trustedProxies,
    onRefused: (why) => parts.metrics.rejects.inc({ step: 'websocket', why }),
  });
  return { server, websockets };
}

/** The operators' listener. */
export function createAdminServer(deps: GatewayDeps, parts: Parts): Server {
  const { config, ledger, flags } = deps;
  const app: RequestListener = createAdminApp({
    ...parts,
    ledger,
    isDevelopment: config.environment === 'development',
    table: () => parts.tables.current,
    positions: parts.positions.all,
    // The process's own signal handler drains and exits; so /drain and SIGTERM are one way out.
    drain: () => process.kill(process.pid, 'SIGTERM'),
    isReady: () => parts.admission.stage === 'serving' && ledger.view() !== null && ledger.plan() !== null,
    refreshGauges: () => {
      parts.metrics.inFlight.set(parts.admission.inFlight);
      parts.metrics.flagsAge.set(flags.ageMs() / 1_000);
      parts.metrics.ledgerLost.set(ledger.leaseLostMs() / 1_000);
      for (const { key, requests } of parts.holds.counts()) parts.metrics.held.set({ queue: key }, requests);
      for (const unit of ledger.view()?.units ?? [])
        if (unit.tenant === '*') parts.metrics.epoch.set({ slice: unit.slice }, Number(unit.epoch));
    },
  });
  return createServer(app);
}

/** Broken framing and CONNECT end in the parser: answered with a bare status, and counted. */
function answerWhatExpressNeverSees(server: Server, onRefused: (why: string) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(error.code ?? 'parse');
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    socket.end(`HTTP/1.1 ${statusOfClientError(error.code)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  server.on('connect', (_req, socket) => {
    onRefused('method');
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
}

function statusOfClientError(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
}

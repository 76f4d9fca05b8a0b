import type { IncomingMessage } from 'node:http';
import { errorText } from '@atlas/kit/errors';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Admission } from './admit/admission.ts';
import { canonicalTarget } from './admit/canonical-path.ts';
import { readClaimed, setForwarded } from './admit/forwarded.ts';
import { scrubHeaders } from './admit/header-scrub.ts';
import { type Refusal, uncleanliness } from './admit/hygiene.ts';
import { claimedIdentity, tenantOfForm } from './admit/identity.ts';
import { stampIds } from './admit/ids.ts';
import type { Tester } from './admit/tester.ts';
import { conduct } from './conduct/conduct.ts';
import type { ConductDeps } from './conduct/deps.ts';
import { refuse } from './conduct/outcome.ts';
import { type Exchange, exchangeOf, openExchange } from './exchange.ts';
import { frameByLength, hasNoBody, readBody } from './forward/body.ts';
import { recordExchange } from './observe/access-log.ts';
import type { RouteTable } from './table/route-table.ts';

/** Bodies up to this are read and framed by length: a chunked one would cost the upstream its kept-alive connection. */
const smallBodyBytes = 64 * 1024;
/** A write of a slice is kept whole, so that it can wait and be sent again. */
const sliceBodyBytes = 1024 * 1024;

export type AppDeps = ConductDeps & {
  admission: Admission;
  table: () => RouteTable;
  testerOf: (headers: IncomingMessage['headers']) => Tester;
  trustedProxies: ReadonlySet<string>;
  isAccessLogged: boolean;
  bodyBytesMax: number;
};

/** The data path, in request order. It does not listen. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((req, res, next) => open(req, res, next, deps));
  app.use((req, res, next) => admit(req, res, next, deps.admission)); // 1
  app.use((req, _res, next) => refuseUnclean(req, next, deps.bodyBytesMax)); // 2
  app.use((req, _res, next) => takeCanonicalPath(req, next)); // 3
  app.use((req, _res, next) => scrub(req, next, deps)); // 4
  app.use((req, _res, next) => identify(req, next)); // 5
  app.use((req, _res, next) => findRoute(req, next, deps.table())); // 6
  // 7 token checks and 8 rate limits have their own issue; the upstreams check for themselves.
  app.use((req, _res, next) => takeBody(req, next, deps)); // 11, before 9: a held write keeps its body
  app.use((req) => conduct(exchangeOf(req), deps)); // 9 decide, 10 guard, 12 forward, 13 response scrub
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => fail(error, req, res, next, deps));
  return app;
}

/** Opens the record of the request; 14: when its answer has ended, the log and the metrics are written from it. */
function open(req: Request, res: Response, next: NextFunction, deps: AppDeps): void {
  const exchange = openExchange(req, res, deps.nowMs());
  // Each step and each attempt listens for the end of the answer.
  res.setMaxListeners(100);
  res.once('close', () => {
    exchange.isClientGone = !res.writableFinished;
    recordExchange(exchange, { metrics: deps.metrics, nowMs: deps.nowMs, log: deps.isAccessLogged ? deps.log : undefined });
  });
  next();
}

function admit(req: Request, res: Response, next: NextFunction, admission: Admission): void {
  if (admission.stage === 'closing') res.shouldKeepAlive = false;
  if (!admission.enter()) return void refuse(exchangeOf(req), 'admit', 429, 'OVERLOADED');
  res.once('close', () => admission.leave());
  next();
}

function refuseUnclean(req: Request, next: NextFunction, bodyBytesMax: number): void {
  const refusal = uncleanliness(req, bodyBytesMax);
  if (refusal !== null) return void refuseRequest(exchangeOf(req), 'hygiene', refusal);
  next();
}

function takeCanonicalPath(req: Request, next: NextFunction): void {
  const exchange = exchangeOf(req);
  const target = canonicalTarget(req.url);
  if ('mistake' in target) return void refuseRequest(exchange, 'path', { status: target.status, why: target.mistake });
  exchange.path = target.path;
  exchange.search = target.search;
  req.url = target.path + target.search;
  next();
}

function scrub(req: Request, next: NextFunction, deps: AppDeps): void {
  const exchange = exchangeOf(req);
  const { isTester, override } = deps.testerOf(req.headers);
  exchange.isTester = isTester;
  exchange.override = override;
  const claimed = readClaimed(req);
  const refusal = scrubHeaders(req);
  if (refusal !== null) return void refuseRequest(exchange, 'scrub', refusal);
  setForwarded(req, claimed, deps.trustedProxies);
  next();
}

function identify(req: Request, next: NextFunction): void {
  const exchange = exchangeOf(req);
  const { user, project, tenant } = claimedIdentity(req.headers);
  exchange.requestId = stampIds(req.headers);
  exchange.stickiness = { user, project };
  exchange.tenant = tenant;
  next();
}

function findRoute(req: Request, next: NextFunction, table: RouteTable): void {
  const exchange = exchangeOf(req);
  exchange.route = table.find(req.method, exchange.path);
  next();
}

async function takeBody(req: Request, next: NextFunction, deps: AppDeps): Promise<void> {
  const exchange = exchangeOf(req);
  const isSliceWrite = exchange.route.kind === 'slice' && exchange.route.effect === 'write';
  const isChunked = req.headers['transfer-encoding'] !== undefined;
  if (!isSliceWrite && !isChunked && !mustNameTenant(exchange, deps)) return next();
  const read = await readBody(req, isSliceWrite ? sliceBodyBytes : smallBodyBytes);
  if (read.kind === 'aborted') return;
  if (read.kind === 'larger' && isSliceWrite) return refuse(exchange, 'body', 413, 'TOO_LARGE');
  if (read.kind === 'whole') {
    exchange.body = read.body;
    exchange.tenant ??= tenantOfForm(req.headers, read.body);
    frameByLength(req, read.body);
  }
  next();
}

/** A small form without a project header: while positions are noted, the project it names is worth reading it. */
function mustNameTenant(exchange: Exchange, deps: AppDeps): boolean {
  const { req, route, tenant } = exchange;
  if (tenant !== undefined || route.kind !== 'unsliced' || route.effect === 'read' || hasNoBody(req) || !deps.positions.isWatching())
    return false;
  const isForm = req.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm && Number(req.headers['content-length'] ?? smallBodyBytes + 1) <= smallBodyBytes;
}

function refuseRequest(exchange: Exchange, step: string, refusal: Refusal): void {
  refuse(exchange, step, refusal.status, refusal.status === 413 ? 'TOO_LARGE' : 'BAD_REQUEST', refusal.why);
}

function fail(error: unknown, req: Request, res: Response, _next: NextFunction, deps: AppDeps): void {
  const exchange = exchangeOf(req);
  deps.log.error({ requestId: exchange.requestId, error: errorText(error) }, 'request failed inside the gateway');
  if (res.headersSent) res.destroy();
  else refuse(exchange, 'gateway', 500, 'INTERNAL');
}

import { failpointRoutes } from '@atlas/kit/failpoints';
import { problem } from '@atlas/kit/http';
import type { LedgerClient } from '@atlas/kit/ledger';
import express, { type Express, type Request, type Response } from 'express';
import type { Admission } from '../admit/admission.ts';
import { canonicalTarget } from '../admit/canonical-path.ts';
import type { Situation } from '../conduct/situation.ts';
import { decide } from '../decide/decide.ts';
import type { Holds } from '../hold/holds.ts';
import type { WritesInFlight } from '../hold/writes-in-flight.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { RouteTable } from '../table/route-table.ts';
import type { Positions } from '../watermark/positions.ts';
import type { Pins } from './pins.ts';

export type AdminDeps = {
  isDevelopment: boolean;
  ledger: LedgerClient;
  admission: Admission;
  table: () => RouteTable;
  situation: Situation;
  holds: Holds;
  writes: WritesInFlight;
  positions: () => Positions[];
  pins: Pins;
  metrics: Metrics;
  nowMs: () => number;
  refreshGauges(): void;
  drain(): void;
  isReady(): boolean;
};

/** The operators' side, on a listener of its own that no client reaches. */
export function createAdminApp(deps: AdminDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/livez', (_req, res) => void res.json({ live: true }));
  app.get(
    '/readyz',
    (_req, res) => void res.status(deps.isReady() ? 200 : 503).json({ ready: deps.isReady(), stage: deps.admission.stage }),
  );
  app.get('/metrics', (_req, res) => writeMetrics(res, deps));
  app.get('/explain', (req, res) => explain(req, res, deps));
  app.get('/state', (_req, res) => void sendJson(res, stateOf(deps)));
  app.post('/pin', express.json({ limit: '4kb' }), (req, res) => pin(req, res, deps));
  app.delete('/pin', (req, res) => unpin(req, res, deps));
  app.post('/drain', (_req, res) => {
    res.status(202).json({ draining: true });
    deps.drain();
  });
  if (deps.isDevelopment) app.use(failpointRoutes());
  app.use((_req, res) => problem(res, 404, 'NOT_FOUND', 'see gateway/README.md for what this listener serves'));
  return app;
}

/** Where a request would go now, and every fact that says so. Sends nothing. */
function explain(req: Request, res: Response, deps: AdminDeps): void {
  const { method = 'GET', path = '', user, project, branch = 'main' } = req.query as Record<string, string | undefined>;
  const target = canonicalTarget(path);
  if ('mistake' in target) return void problem(res, 400, 'BAD_REQUEST', target.mistake);
  const route = deps.table().find(method, target.path);
  if (route.kind === 'unknown') return void sendJson(res, { route, decision: { kind: 'refuse', status: 404, code: 'NOT_FOUND' } });
  const tenant = project === undefined ? undefined : `${project}#${branch}`;
  const facts = deps.situation.factsOf({
    route,
    user,
    project,
    tenant,
    override: undefined,
    deadlineMs: deps.nowMs() + 1,
    isSampled: false,
  });
  sendJson(res, { route: { kind: route.kind, name: route.name, effect: route.effect }, facts, decision: decide(facts) });
}

function stateOf(deps: AdminDeps) {
  const view = deps.ledger.view();
  return {
    stage: deps.admission.stage,
    inFlight: deps.admission.inFlight,
    table: { revision: deps.table().revision },
    ledger: view,
    lease: { isLeased: deps.ledger.isLeased(), lostMs: deps.ledger.leaseLostMs() },
    holds: deps.holds.counts(),
    writesInFlight: (view?.units ?? []).map(({ slice }) => ({ slice, writes: deps.writes.of(slice) })),
    positions: deps.positions().map((positions) => positions.state()),
    pins: deps.pins.all(),
  };
}

async function pin(req: Request, res: Response, deps: AdminDeps): Promise<void> {
  const { slice, side } = (req.body ?? {}) as { slice?: unknown; side?: unknown };
  if (typeof slice !== 'string' || (side !== 'legacy' && side !== 'extracted')) {
    return problem(res, 400, 'BAD_REQUEST', 'send {"slice": …, "side": "legacy" or "extracted"}');
  }
  if (!isSlice(slice, deps)) return problem(res, 404, 'NOT_FOUND', `no slice "${slice}" in the plan`);
  await deps.pins.pin(slice, side);
  res.json({ pins: deps.pins.all() });
}

async function unpin(req: Request, res: Response, deps: AdminDeps): Promise<void> {
  const { slice } = req.query;
  if (typeof slice !== 'string') return problem(res, 400, 'BAD_REQUEST', 'DELETE /pin?slice=…');
  await deps.pins.unpin(slice);
  res.json({ pins: deps.pins.all() });
}

function isSlice(slice: string, deps: AdminDeps): boolean {
  return deps.ledger.plan()?.slices.some((one) => one.slice === slice) ?? false;
}

async function writeMetrics(res: Response, deps: AdminDeps): Promise<void> {
  deps.refreshGauges();
  res.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics());
}

function sendJson(res: Response, body: unknown): void {
  res.type('application/json').send(JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? value.toString() : value), 2));
}

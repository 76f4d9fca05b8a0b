import type { ErrorCode } from '@atlas/contracts/errors';
import type { VerifyRequest } from '@atlas/contracts/flow';
import { AppError, errorText } from '@atlas/kit/errors';
import { failpointRoutes } from '@atlas/kit/failpoints';
import { problem } from '@atlas/kit/http';
import type { Logger } from '@atlas/kit/logger';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { FlowRunner } from '../flow-runner.ts';
import { sliceByName } from '../slices.ts';
import type { Databases } from '../verify/comparison.ts';
import { verify } from '../verify/verify.ts';
import { renderMetrics } from './metrics.ts';

export type AdminOptions = { runners: Map<string, FlowRunner>; databases: Databases; hasFailpoints: boolean; log: Logger };

const statusByCode: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  MOVE_REFUSED: 409,
  VERIFY_FAILED: 409,
  STREAM_GAP: 409,
  FOREIGN_EVENT: 409,
  UNAVAILABLE: 503,
};

/** The admin port: flow status, verify, backfill, parked events. For the control plane and operators; loopback or a private network only. */
export function adminApp(options: AdminOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/livez', (_req, res) => void res.json({ live: true }));
  app.get('/readyz', handled(readyz(options)));
  app.get(
    '/metrics',
    handled(async (_req, res) => void res.type('text/plain').send(await renderMetrics([...options.runners.values()]))),
  );
  if (options.hasFailpoints) app.use(failpointRoutes());
  app.use(express.json({ limit: '64kb' }));
  app.get(
    '/flows/:flow',
    handled(async (req, res) => void res.json(await runnerOf(options, req).status())),
  );
  app.post(
    '/flows/:flow/backfill',
    handled(async (req, res) => void res.status(202).json({ id: await runnerOf(options, req).backfill(readBackfill(req.body)) })),
  );
  app.get(
    '/flows/:flow/parked',
    handled(async (req, res) => void res.json(await runnerOf(options, req).parked())),
  );
  app.post(
    '/flows/:flow/parked/replay',
    handled(async (req, res) => void res.json(await runnerOf(options, req).replay(readText(req.body, 'tenant')))),
  );
  app.post(
    '/flows/:flow/resume',
    handled(async (req, res) => {
      runnerOf(options, req).resume();
      res.status(202).json({ resumed: true });
    }),
  );
  app.post(
    '/verify',
    handled(async (req, res) => {
      const request = readVerify(req.body);
      res.json(await verify(sliceByName(request.slice), options.databases, request));
    }),
  );
  app.use((_req, res) => problem(res, 404, 'NOT_FOUND', 'no such route'));
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => answerError(options.log, error, res));
  return app;
}

/** Ready once both flows have been healthy enough to carry changes: connector and slot up, applier running. */
function readyz({ runners }: AdminOptions): (req: Request, res: Response) => Promise<void> {
  return async (_req, res) => {
    const flows = await Promise.all([...runners.values()].map((runner) => runner.status()));
    const ready = flows.every(
      (flow) => flow.applier.running && flow.slot.active && flow.connector.state === 'RUNNING' && flow.lagMs !== null,
    );
    res.status(ready ? 200 : 503).json({ ready, flows: Object.fromEntries(flows.map((flow) => [flow.flow, flow.reasons])) });
  };
}

function runnerOf({ runners }: AdminOptions, req: Request): FlowRunner {
  const name = String(req.params['flow']);
  const runner = runners.get(name);
  if (runner === undefined) throw new AppError('NOT_FOUND', { message: `no flow "${name}"; there are: ${[...runners.keys()].join(', ')}` });
  return runner;
}

function readBackfill(body: unknown): { tenant: string; epoch: bigint } {
  const epoch = readAny(body, 'epoch');
  if (!/^[1-9]\d{0,17}$/.test(String(epoch))) throw new AppError('BAD_REQUEST', { message: 'epoch must be a positive whole number' });
  return { tenant: readText(body, 'tenant'), epoch: BigInt(String(epoch)) };
}

function readVerify(body: unknown): VerifyRequest {
  const [mode, source, scope] = [readAny(body, 'mode'), readAny(body, 'source'), readAny(body, 'scope') ?? 'full'];
  const mistakes: string[] = [];
  if (mode !== 'live' && mode !== 'frozen') mistakes.push('mode must be live or frozen');
  if (source !== 'legacy' && source !== 'extracted') mistakes.push('source must be legacy or extracted');
  if (scope !== 'full' && scope !== 'recent') mistakes.push('scope must be full or recent');
  if (mistakes.length > 0) throw new AppError('BAD_REQUEST', { message: mistakes.join('; ') });
  const tenant = readAny(body, 'tenant') === undefined ? '*' : readText(body, 'tenant');
  return { slice: readText(body, 'slice'), tenant, mode: mode as 'live', source: source as 'legacy', scope: scope as 'full' };
}

function readText(body: unknown, name: string): string {
  const value = readAny(body, name);
  if (typeof value !== 'string' || value === '' || value.length > 200)
    throw new AppError('BAD_REQUEST', { message: `${name} must be text` });
  return value;
}

function readAny(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

function handled(handler: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return (req, res, next) => void handler(req, res).catch(next);
}

function answerError(log: Logger, error: unknown, res: Response): void {
  const isBadBody = error instanceof SyntaxError || (error as { type?: unknown }).type === 'entity.too.large';
  if (isBadBody) problem(res, 400, 'BAD_REQUEST', errorText(error));
  else if (error instanceof AppError) problem(res, statusByCode[error.code] ?? 500, error.code, errorText(error));
  else {
    log.error({ error: errorText(error) }, 'admin request failed');
    problem(res, 503, 'UNAVAILABLE', errorText(error));
  }
}

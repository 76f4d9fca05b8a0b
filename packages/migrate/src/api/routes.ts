import type { ErrorCode } from '@atlas/contracts/errors';
import { evidenceKinds, phases } from '@atlas/contracts/ledger';
import { AppError, errorText } from '@atlas/kit/errors';
import { problem } from '@atlas/kit/http';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { ControlApi } from '../control-api.ts';

const intentBody = z.strictObject({
  slice: z.string().min(1).max(100),
  tenant: z.literal('*', { error: 'only whole slices (*) move for now' }).optional(),
  want: z.enum(phases).exclude(['retired']),
  split: z.number().int().min(0).max(100).optional(),
  dryRun: z.boolean().optional(),
  source: z.string().min(1).max(100),
});
const evidenceBody = z.strictObject({
  kind: z.enum(evidenceKinds),
  subject: z.string().min(1).max(100),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  value: z.record(z.string(), z.unknown()),
  takenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
const verifyBody = z.strictObject({ slice: z.string().min(1).max(100) });
const withdrawBody = z.strictObject({ reason: z.string().min(1).max(300) });
const forgetBody = z.strictObject({ processIsGone: z.boolean().optional() });
const journalQuery = z.object({ after: z.coerce.bigint().default(0n), limit: z.coerce.number().int().min(1).max(1_000).default(200) });
const idParam = z.coerce.number().int().min(1);

/** The control plane over HTTP; errors are problem+json with our codes. */
export function controlRoutes(api: ControlApi): Router {
  const router = express.Router();
  router.use(express.json({ limit: '64kb' }));
  router.get('/status', async (_req, res) => void res.json(await api.status()));
  router.post('/intents', async (req, res) => {
    const body = parse(intentBody, req.body);
    const { tenant, split, dryRun, ...rest } = body;
    const request = { ...rest, ...(tenant === undefined ? {} : { tenant }), ...(split === undefined ? {} : { split }) };
    if (dryRun === true) return void res.json(await api.dryRun(request));
    res.status(202).json(await api.ask(request));
  });
  router.get('/intents/:id', async (req, res) => void res.json(await api.intent(parse(idParam, req.params['id']))));
  router.post('/intents/:id/withdraw', async (req, res) => {
    res.json(await api.withdraw(parse(idParam, req.params['id']), parse(withdrawBody, req.body).reason));
  });
  router.post('/evidence', async (req, res) => void res.status(201).json({ id: await api.recordEvidence(parse(evidenceBody, req.body)) }));
  router.get('/journal', async (req, res) => {
    const { after, limit } = parse(journalQuery, req.query);
    res.json(await api.journal(after, limit));
  });
  router.post('/verify', async (req, res) => void res.json(await api.verify(parse(verifyBody, req.body).slice)));
  router.get('/parked', async (_req, res) => void res.json(await api.parked()));
  router.get('/doctor', async (_req, res) => void res.json(await api.doctor()));
  router.post('/gateways/:id/forget', async (req, res) => {
    await api.forgetGateway(parse(z.string().min(1).max(200), req.params['id']), parse(forgetBody, req.body ?? {}).processIsGone === true);
    res.status(204).end();
  });
  return router;
}

/** Last in the chain: our codes become statuses, what is not ours becomes 500 without details. */
export function answerErrors(log: { error(facts: object, message: string): void }) {
  return (error: unknown, req: Request, res: Response, _next: NextFunction): void => {
    const { status, code, detail } = answerFor(error);
    if (status === 500) log.error({ path: req.path, error: errorText(error) }, 'request failed');
    problem(res, status, code, detail);
  };
}

function answerFor(error: unknown): { status: number; code: ErrorCode; detail: string } {
  if (error instanceof AppError) return { status: statusOf(error.code), code: error.code, detail: errorText(error) };
  const { status } = (typeof error === 'object' && error !== null ? error : {}) as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, code: 'BAD_REQUEST', detail: 'the body is not JSON this API reads' };
  return { status: 500, code: 'INTERNAL', detail: 'see the log of the control plane' };
}

function statusOf(code: ErrorCode): number {
  const statuses: Partial<Record<ErrorCode, number>> = {
    BAD_REQUEST: 400,
    NOT_FOUND: 404,
    MOVE_REFUSED: 409,
    LEDGER_CONFLICT: 409,
    LEDGER_UNAVAILABLE: 503,
    UNAVAILABLE: 503,
    LOCK_LOST: 503,
  };
  return statuses[code] ?? 500;
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError('BAD_REQUEST', {
    message: result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  });
}

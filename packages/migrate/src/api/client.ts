import type { DoctorCheck, DryRun, IntentReport, JournalReport, StatusReport } from '@atlas/contracts/control';
import { type ErrorCode, errorCodes } from '@atlas/contracts/errors';
import type { ParkedEvent, VerifyReport } from '@atlas/contracts/flow';
import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import type { ControlApi } from '../control-api.ts';

const timeoutMs = 10_000;
const verifyTimeoutMs = 70_000;

/** The control plane's functions over HTTP. Throws UNAVAILABLE when it does not answer, else the code it answered with. */
export function createControlClient(url: string): ControlApi {
  const get = (path: string) => ask(url, path, { timeoutMs });
  const post = (path: string, body: unknown, limitMs = timeoutMs) => ask(url, path, { method: 'POST', body, timeoutMs: limitMs });
  return {
    status: async () => (await get('/status')) as StatusReport,
    ask: async (request) => (await post('/intents', request)) as IntentReport,
    dryRun: async (request) => (await post('/intents', { ...request, dryRun: true })) as DryRun,
    intent: async (id) => (await get(`/intents/${id}`)) as IntentReport,
    withdraw: async (id, reason) => (await post(`/intents/${id}/withdraw`, { reason })) as IntentReport,
    verify: async (slice) => (await post('/verify', { slice }, verifyTimeoutMs)) as VerifyReport,
    parked: async () => (await get('/parked')) as ParkedEvent[],
    journal: async (after, limit) => (await get(`/journal?after=${after}&limit=${limit}`)) as JournalReport,
    recordEvidence: async (evidence) => ((await post('/evidence', evidence)) as { id: number }).id,
    forgetGateway: async (id, isAttested) => {
      await post(`/gateways/${encodeURIComponent(id)}/forget`, { processIsGone: isAttested });
    },
    doctor: async () => (await get('/doctor')) as DoctorCheck[],
  };
}

async function ask(url: string, path: string, options: { method?: string; body?: unknown; timeoutMs: number }): Promise<unknown> {
  const answer = await requestJson(`${url}${path}`, options).catch((error: unknown) => {
    const message = `the control plane does not answer at ${url}; start it (pnpm stack up), set MIGRATE_URL, or use --local`;
    throw new AppError('UNAVAILABLE', { message }, error);
  });
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  const { code, detail } = (typeof answer.body === 'object' && answer.body !== null ? answer.body : {}) as {
    code?: unknown;
    detail?: unknown;
  };
  const known: ErrorCode = errorCodes.find((each) => each === code) ?? 'INTERNAL';
  throw new AppError(known, {
    message: typeof detail === 'string' ? detail.replace(`${known}: `, '') : `${url}${path} answered ${answer.status}`,
  });
}

import type { FlowStatus, ParkedEvent, VerifyReport, VerifyRequest } from '@atlas/contracts/flow';
import { AppError } from '@atlas/kit/errors';
import { type JsonAnswer, requestJson } from '@atlas/kit/http';
import type { Cdc } from './cdc.ts';

const statusTimeoutMs = 1_500;

/** cdc's admin API over HTTP. Neighbours share the contracts, so answers are trusted once their status is right. */
export function createHttpCdc(url: string): Cdc {
  return {
    flow: async (flow) => (await ask(`${url}/flows/${flow}`)) as FlowStatus,
    parked: async (flow) => (await ask(`${url}/flows/${flow}/parked`)) as ParkedEvent[],
    verify: async (request: VerifyRequest, timeoutMs: number) =>
      (await ask(`${url}/verify`, { method: 'POST', body: request, timeoutMs })) as VerifyReport,
    backfill: async (flow, { tenant, epoch }) => {
      await ask(`${url}/flows/${flow}/backfill`, { method: 'POST', body: { tenant, epoch: epoch.toString() } });
    },
  };
}

async function ask(url: string, options: { method?: string; body?: unknown; timeoutMs?: number } = {}): Promise<unknown> {
  const answer = await requestJson(url, { timeoutMs: statusTimeoutMs, ...options });
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new AppError('UNAVAILABLE', { message: `cdc answered ${answer.status} to ${options.method ?? 'GET'} ${url}: ${detailOf(answer)}` });
}

function detailOf({ body }: JsonAnswer): string {
  const { detail } = (typeof body === 'object' && body !== null ? body : {}) as { detail?: unknown };
  return typeof detail === 'string' ? detail : JSON.stringify(body ?? '').slice(0, 300);
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Outcome } from '../../audit/records.ts';
import { type Exchange, recordFetch } from '../../scenario/recorded-fetch.ts';
import type { ClientFile } from './client-file.ts';

/** One act of a client. `refusal` is the status it expects instead of success. */
type Act = { n: number; kind: string; refusal: number | undefined; exchanges: Exchange[] };

const acts = new AsyncLocalStorage<Act>();

/** Writes every request of this process to the client's file, under the act that caused it. Call it before the SDK is loaded. */
export function recordRequests(file: ClientFile): void {
  recordFetch({
    isBodyWanted: false,
    ended: (exchange) => {
      const act = acts.getStore() ?? { n: 0, kind: 'background', refusal: undefined, exchanges: [] };
      act.exchanges.push(exchange);
      const { method, path, status, ms, error } = exchange;
      const expected = status !== null && ((status >= 200 && status < 400) || status === act.refusal);
      const text = error === null ? {} : { error };
      file.write({ type: 'request', n: act.n, kind: act.kind, method, path, status, expected, ms: round(ms), ...text });
    },
  });
}

/** What came of an act: how its one deciding request ended, and what the SDK gave or threw. */
export type Result<T> = { outcome: Outcome; value: T | undefined; error: Error | undefined };

/** Performs one act; `write` names the request whose answer says what became of it. Without an answer, or after a 5xx, nobody knows. */
export async function act<T>(
  about: { n: number; kind: string; write: RegExp; refusal?: number },
  call: () => Promise<T>,
): Promise<Result<T>> {
  const current: Act = { n: about.n, kind: about.kind, refusal: about.refusal, exchanges: [] };
  const { value, error } = await acts.run(current, () => kept(call));
  const deciding = current.exchanges.findLast((exchange) => about.write.test(`${exchange.method} ${exchange.path}`));
  return { outcome: outcomeOf(deciding), value, error };
}

async function kept<T>(call: () => Promise<T>): Promise<{ value: T | undefined; error: Error | undefined }> {
  try {
    return { value: await call(), error: undefined };
  } catch (error) {
    return { value: undefined, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function outcomeOf(exchange: Exchange | undefined): Outcome {
  if (exchange === undefined || exchange.status === null || exchange.status >= 500) return 'unknown';
  return exchange.status < 400 ? 'ok' : 'refused';
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

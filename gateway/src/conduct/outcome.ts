import type { ErrorCode } from '@atlas/contracts/errors';
import { wire } from '@atlas/contracts/wire';
import { answer } from '../admit/answer.ts';
import type { Decision } from '../decide/decision.ts';
import type { Exchange } from '../exchange.ts';
import { upstreamFailure } from '../forward/upstream-error.ts';
import type { ConductDeps } from './deps.ts';

type Forward = Extract<Decision, { kind: 'forward' }>;

/** Writes down where a request goes, sets the headers between us and the sides, and answers the headers a tester may see. */
export function noteForward(exchange: Exchange, decision: Forward, deps: ConductDeps): Record<string, string> {
  exchange.upstream = decision.upstream;
  exchange.why = decision.why;
  exchange.slice = decision.slice;
  exchange.epoch = decision.epoch;
  exchange.attempts += 1;
  if (decision.slice !== undefined) setSideHeaders(exchange, decision, decision.slice, deps);
  return exchange.isTester ? { [wire.upstream]: decision.upstream, [wire.why]: decision.why } : {};
}

function setSideHeaders(exchange: Exchange, decision: Forward, slice: string, deps: ConductDeps): void {
  const { headers } = exchange.req;
  const position = deps.positions.of(slice)?.headerFor(exchange.tenant);
  if (decision.epoch !== undefined && decision.epoch > 0n) headers[wire.epoch] = `${slice}=${decision.epoch}`;
  if (position === undefined) delete headers[wire.position];
  else headers[wire.position] = position;
  deps.metrics.decisions.inc({ slice, kind: 'forward', why: decision.why });
}

/** Answers in the upstream's place when it gave no answer, or broke off. */
export function answerFailure(exchange: Exchange, error: unknown, deps: ConductDeps): void {
  if (exchange.isClientGone || exchange.res.destroyed) return;
  const failure = upstreamFailure(error);
  exchange.refusal = { step: 'forward', code: failure.why };
  deps.log.warn({ requestId: exchange.requestId, upstream: exchange.upstream, why: failure.why }, 'upstream failed');
  answer(exchange.res, failure.status, failure.code);
}

/** Answers a refusal of the gateway's own. */
export function refuse(exchange: Exchange, step: string, status: number, code: ErrorCode, why: string = code): void {
  exchange.refusal = { step, code: why };
  answer(exchange.res, status, code);
}

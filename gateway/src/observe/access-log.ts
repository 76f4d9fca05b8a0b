import type { Logger } from '@atlas/kit/logger';
import { clientClosed } from '../admit/answer.ts';
import type { Exchange } from '../exchange.ts';
import type { Metrics } from './metrics.ts';

/** Writes one line and the metrics of a request when its answer has ended or its client has gone. No query, no header, no body. */
export function recordExchange(exchange: Exchange, deps: { log: Logger | undefined; metrics: Metrics; nowMs: () => number }): void {
  const { res, req, route } = exchange;
  const status = res.writableFinished ? res.statusCode : clientClosed;
  const durationMs = deps.nowMs() - exchange.startedMs;
  const upstream = exchange.upstream ?? 'none';
  const why = exchange.why ?? exchange.refusal?.code ?? 'none';
  deps.metrics.requests.inc({ route: route.name, method: methodLabel(req.method), class: `${Math.floor(status / 100)}xx`, upstream, why });
  deps.metrics.requestSeconds.observe({ route: route.name }, durationMs / 1_000);
  if (exchange.refusal !== undefined) deps.metrics.rejects.inc({ step: exchange.refusal.step, why: exchange.refusal.code });
  deps.log?.info(
    {
      requestId: exchange.requestId,
      method: req.method,
      path: exchange.path,
      route: route.name,
      status,
      upstream,
      why,
      slice: exchange.slice,
      epoch: exchange.epoch?.toString(),
      durationMs: round(durationMs),
      upstreamMs: exchange.upstreamMs === undefined ? undefined : round(exchange.upstreamMs),
      heldMs: exchange.heldMs === 0 ? undefined : round(exchange.heldMs),
      attempts: exchange.attempts > 1 ? exchange.attempts : undefined,
      refused: exchange.refusal,
    },
    'request',
  );
}

function methodLabel(method: string | undefined): string {
  return method !== undefined && /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : 'other';
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

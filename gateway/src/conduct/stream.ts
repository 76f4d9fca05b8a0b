import type { IncomingMessage } from 'node:http';
import type { Side } from '@atlas/contracts/ledger';
import { wire } from '@atlas/contracts/wire';
import type { Exchange } from '../exchange.ts';
import { releaseResponse } from '../forward/release.ts';
import type { ConductDeps } from './deps.ts';
import { answerFailure } from './outcome.ts';

type Way = {
  debug: Record<string, string>;
  isRetryable: boolean;
  /** The response waits until the position of this write is noted. */
  isNoted: boolean;
  /** Looks at the response as it passes. */
  tap?: ((response: IncomingMessage) => void) | undefined;
};

/** Streams a request to a side and its answer back. */
export function streamTo(side: Side, exchange: Exchange, way: Way, deps: ConductDeps): void {
  const { req, res } = exchange;
  const sentMs = deps.nowMs();
  deps.streams[side].send({
    req,
    res,
    body: exchange.body,
    isRetryable: way.isRetryable && (exchange.body === undefined || exchange.body.length === 0),
    debug: way.debug,
    onRetry: () => {
      exchange.attempts += 1;
      deps.metrics.retries.inc({ upstream: side });
    },
    onResponse: (response) => {
      exchange.upstreamMs = deps.nowMs() - sentMs;
      deps.metrics.upstreamSeconds.observe({ upstream: side }, exchange.upstreamMs / 1_000);
      tellUnslicedRefusal(response, exchange, deps);
      way.tap?.(response);
    },
    onFailure: (error) => answerFailure(exchange, error, deps),
    ...(way.isNoted
      ? {
          holdResponse: () => deps.positions.noteAll(exchange.tenant),
          release: (response: IncomingMessage) => releaseResponse(response, res, way.debug),
        }
      : {}),
  });
}

/** A route outside the slice ran into the slice's fence: someone must move that write behind the border (sync-and-cutover.md §12). */
function tellUnslicedRefusal(response: IncomingMessage, exchange: Exchange, deps: ConductDeps): void {
  if (response.headers[wire.notExecuted] === undefined || exchange.slice !== undefined) return;
  deps.log.error({ requestId: exchange.requestId, route: exchange.route.name }, 'an unsliced route wrote a slice it does not own');
}

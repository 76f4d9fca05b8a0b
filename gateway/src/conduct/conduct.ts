import { assertNever } from '@atlas/kit/errors';
import { decide } from '../decide/decide.ts';
import type { Exchange } from '../exchange.ts';
import type { ConductDeps } from './deps.ts';
import { noteForward, refuse } from './outcome.ts';
import { SliceRead } from './slice-read.ts';
import { SliceWrite } from './slice-write.ts';
import { streamTo } from './stream.ts';

/** Takes an admitted request to its end: decide, hold if need be, forward, answer. */
export function conduct(exchange: Exchange, deps: ConductDeps): void {
  const { route } = exchange;
  switch (route.kind) {
    case 'unknown':
      return void refuse(exchange, 'route', 404, 'NOT_FOUND');
    case 'unsliced':
      return void conductUnsliced(exchange, route.effect === 'write', deps);
    case 'slice':
      if (route.effect === 'write') return void new SliceWrite(exchange, route.slice, exchange.body ?? Buffer.alloc(0), deps).start();
      return void new SliceRead(exchange, route.slice, deps).start();
    default:
      return void assertNever(route);
  }
}

function conductUnsliced(exchange: Exchange, isWrite: boolean, deps: ConductDeps): void {
  const { route, stickiness, tenant, override } = exchange;
  const facts = deps.situation.factsOf({ route, ...stickiness, tenant, override, deadlineMs: exchange.startedMs, isSampled: false });
  const decision = decide(facts);
  if (decision.kind !== 'forward') return void refuse(exchange, 'decide', 503, 'UNAVAILABLE');
  const debug = noteForward(exchange, decision, deps);
  streamTo(decision.upstream, exchange, { debug, isRetryable: !isWrite, isNoted: isWrite, tap: undefined }, deps);
}

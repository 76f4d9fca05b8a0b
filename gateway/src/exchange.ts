import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Side } from '@atlas/contracts/ledger';
import type { Why } from './decide/decision.ts';
import type { Route } from './table/route-table.ts';

/** All that is known of one request on its way. Each step of the pipeline fills in its part. */
export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly startedMs: number;
  /** Arrival number: the order in which held writes are forwarded. */
  readonly order: number;
  requestId: string;
  /** Canonical path, without the query. */
  path: string;
  /** The query with its `?`, or the empty text. */
  search: string;
  route: Route;
  isTester: boolean;
  override: Side | undefined;
  /** The whole body, when it was read before forwarding. */
  body: Buffer | undefined;
  tenant: string | undefined;
  stickiness: { user: string | undefined; project: string | undefined };
  /** Outcome, for the log and the metrics. */
  upstream: Side | undefined;
  why: Why | undefined;
  slice: string | undefined;
  epoch: bigint | undefined;
  refusal: { step: string; code: string } | undefined;
  heldMs: number;
  attempts: number;
  upstreamMs: number | undefined;
  isClientGone: boolean;
};

const exchanges = new WeakMap<IncomingMessage, Exchange>();
let arrivals = 0;

/** Opens the record of a request. */
export function openExchange(req: IncomingMessage, res: ServerResponse, nowMs: number): Exchange {
  arrivals += 1;
  const exchange: Exchange = {
    req,
    res,
    startedMs: nowMs,
    order: arrivals,
    requestId: '',
    path: '',
    search: '',
    route: { kind: 'unsliced', effect: 'write', name: '*' },
    isTester: false,
    override: undefined,
    body: undefined,
    tenant: undefined,
    stickiness: { user: undefined, project: undefined },
    upstream: undefined,
    why: undefined,
    slice: undefined,
    epoch: undefined,
    refusal: undefined,
    heldMs: 0,
    attempts: 0,
    upstreamMs: undefined,
    isClientGone: false,
  };
  exchanges.set(req, exchange);
  return exchange;
}

/** The record of a request. Throws when the pipeline did not open it: a programmer's mistake. */
export function exchangeOf(req: IncomingMessage): Exchange {
  const exchange = exchanges.get(req);
  if (exchange === undefined) throw new Error('request without an exchange');
  return exchange;
}

import type { IncomingMessage } from 'node:http';
import type { SlicePlan } from '@atlas/contracts/plan';
import { wire } from '@atlas/contracts/wire';
import { assertNever, errorText } from '@atlas/kit/errors';
import { failpoint } from '@atlas/kit/failpoints';
import { decide } from '../decide/decide.ts';
import type { Decision } from '../decide/decision.ts';
import type { Exchange } from '../exchange.ts';
import { attempt } from '../forward/attempt.ts';
import { releaseResponse } from '../forward/release.ts';
import { breakOffWhenStalled } from '../forward/stall.ts';
import type { Waiter } from '../hold/hold-queue.ts';
import type { ConductDeps } from './deps.ts';
import { answerFailure, noteForward, refuse } from './outcome.ts';

const backOffMs = { first: 10, most: 250 };
const refreshMsMax = 500;
/** What a held request costs beside its body: headers and bookkeeping. */
const headBytes = 2_048;

type Forward = Extract<Decision, { kind: 'forward' }>;

/**
 * One write of a slice on its way: it waits while its unit moves, goes to the owner, and comes back to the head of the queue when the owner
 * says that it changed nothing. It is forwarded to an end exactly once, answered "try again", or dropped because its client left.
 */
export class SliceWrite implements Waiter {
  readonly order: number;
  readonly bytes: number;
  readonly deadlineMs: number;
  #exchange: Exchange;
  #slice: SlicePlan;
  #deps: ConductDeps;
  #body: Buffer;
  /** Set while it may not be decided again: the ledger is being read after "not executed". */
  #isBackingOff = false;
  #backOffMs = backOffMs.first;
  #waitingSinceMs: number | undefined;

  constructor(exchange: Exchange, slice: SlicePlan, body: Buffer, deps: ConductDeps) {
    this.#exchange = exchange;
    this.#slice = slice;
    this.#deps = deps;
    this.#body = body;
    this.order = exchange.order;
    this.bytes = body.length + headBytes;
    this.deadlineMs = exchange.startedMs + deps.limits.holdMs;
  }

  /** Sends it now, or lets it wait: never past an earlier write of its unit. */
  start(): void {
    const { holds } = this.#deps;
    if (!holds.hasWaiting(this.#queue) && this.proceed() === 'left') return;
    this.#waitingSinceMs ??= this.#deps.nowMs();
    const isIn = holds.join(this.#queue, this, { requestsMax: this.#slice.move.heldRequestsMax, bytesMax: this.#slice.move.heldBytesMax });
    void this.#leakWhenAsked();
    if (!isIn) return void refuse(this.#exchange, 'hold', 429, 'HOLD_FULL');
    this.#exchange.res.once('close', () => this.#onClientGone());
  }

  proceed(): 'left' | 'stays' {
    if (this.#isBackingOff) return 'stays';
    if (this.#exchange.isClientGone) {
      this.#dropped();
      return 'left';
    }
    const decision = this.#decide();
    switch (decision.kind) {
      case 'hold':
        return 'stays';
      case 'refuse':
        this.#endWait();
        refuse(this.#exchange, 'hold', decision.status, decision.code);
        return 'left';
      case 'forward':
        this.#endWait();
        this.#send(decision).catch((error) => answerFailure(this.#exchange, error, this.#deps));
        return 'left';
      default:
        return assertNever(decision);
    }
  }

  expire(): void {
    this.#endWait();
    refuse(this.#exchange, 'hold', 429, 'HOLD_TIMEOUT');
  }

  /** A mutant for the audit's own test: what is held goes to its old owner too, so that it is executed twice. Armed in development only. */
  async #leakWhenAsked(): Promise<void> {
    const owner = this.#deps.ledger.view()?.units.find((unit) => unit.slice === this.#slice.slice)?.owner;
    if (owner === undefined || !(await failpoint('gateway.hold.leak'))) return;
    const { req, path, search } = this.#exchange;
    const end = this.#deps.writes.begin(this.#slice.slice);
    const leaked = { method: req.method ?? 'GET', target: path + search, headers: { ...req.headers }, body: this.#body };
    await attempt(this.#deps.upstreams[owner], leaked, this.#deps.limits.upstreamMs).then(
      (response) => response.resume(),
      (error) => this.#deps.log.warn({ error: errorText(error) }, 'leak failed'),
    );
    end();
  }

  get #queue(): string {
    return `${this.#slice.slice} write`;
  }

  #decide(): Decision {
    const { route, stickiness, tenant, override } = this.#exchange;
    return decide(this.#deps.situation.factsOf({ route, ...stickiness, tenant, override, deadlineMs: this.deadlineMs, isSampled: false }));
  }

  /** Everything up to the socket happens in the caller's tick, so that decision, in-flight count and order are one step. */
  async #send(decision: Forward): Promise<void> {
    const { upstreams, writes, limits, nowMs } = this.#deps;
    const debug = noteForward(this.#exchange, decision, this.#deps);
    const end = writes.begin(this.#slice.slice);
    const sentMs = nowMs();
    const { req, path, search } = this.#exchange;
    const sendable = { method: req.method ?? 'GET', target: path + search, headers: req.headers, body: this.#body };
    let response: IncomingMessage;
    try {
      response = await attempt(upstreams[decision.upstream], sendable, limits.upstreamMs);
    } catch (error) {
      end();
      answerFailure(this.#exchange, error, this.#deps);
      return;
    }
    end();
    this.#exchange.upstreamMs = nowMs() - sentMs;
    this.#deps.metrics.upstreamSeconds.observe({ upstream: decision.upstream }, this.#exchange.upstreamMs / 1_000);
    if (response.headers[wire.notExecuted] !== undefined) return this.#comeBack(response, decision);
    if (decision.upstream === 'legacy') await this.#deps.positions.noteAll(this.#exchange.tenant);
    breakOffWhenStalled(response, limits.stallMs);
    releaseResponse(response, this.#exchange.res, debug);
  }

  /** The owner changed nothing: wait at the head, read the ledger again, and decide again. */
  #comeBack(response: IncomingMessage, decision: Forward): void {
    response.resume();
    const { metrics, log, holds, nowMs } = this.#deps;
    metrics.notExecuted.inc({ slice: this.#slice.slice, upstream: decision.upstream });
    log.info(
      { requestId: this.#exchange.requestId, upstream: decision.upstream, reason: response.headers[wire.notExecuted] },
      'write not executed',
    );
    if (this.#exchange.isClientGone) return void this.#dropped();
    if (nowMs() >= this.deadlineMs) return void refuse(this.#exchange, 'hold', 429, 'HOLD_TIMEOUT');
    this.#waitingSinceMs = nowMs();
    this.#isBackingOff = true;
    holds.rejoin(this.#queue, this);
    this.#exchange.res.once('close', () => this.#onClientGone());
    void this.#readLedgerAgain();
  }

  async #readLedgerAgain(): Promise<void> {
    const { ledger, log, holds } = this.#deps;
    const before = ledger.view()?.revision;
    try {
      await Promise.race([ledger.refresh(), sleep(refreshMsMax)]);
    } catch (error) {
      log.warn({ error: errorText(error) }, 'ledger not read after a write was not executed');
    }
    if (ledger.view()?.revision === before) {
      await sleep(this.#backOffMs);
      this.#backOffMs = Math.min(this.#backOffMs * 2, backOffMs.most);
    }
    this.#isBackingOff = false;
    holds.release();
  }

  #onClientGone(): void {
    if (this.#deps.holds.leave(this.#queue, this)) this.#dropped();
  }

  #dropped(): void {
    this.#endWait();
    this.#deps.metrics.heldDropped.inc({ slice: this.#slice.slice });
  }

  #endWait(): void {
    if (this.#waitingSinceMs === undefined) return;
    const heldMs = this.#deps.nowMs() - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    this.#exchange.heldMs += heldMs;
    this.#deps.metrics.heldSeconds.observe({ slice: this.#slice.slice }, heldMs / 1_000);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import type { SlicePlan } from '@atlas/contracts/plan';
import { assertNever } from '@atlas/kit/errors';
import { decide } from '../decide/decide.ts';
import type { Decision } from '../decide/decision.ts';
import type { Exchange } from '../exchange.ts';
import type { Waiter } from '../hold/hold-queue.ts';
import type { ConductDeps } from './deps.ts';
import { noteForward, refuse } from './outcome.ts';
import { streamTo } from './stream.ts';

/** How long a canary read waits for the extracted side to catch up with its tenant before it stays on the owner. */
const watermarkBudgetMs = 50;
const headBytes = 2_048;

/** One read of a slice on its way. It waits only while the gateway cannot know who owns the unit. */
export class SliceRead implements Waiter {
  readonly order: number;
  readonly bytes = headBytes;
  readonly deadlineMs: number;
  #exchange: Exchange;
  #slice: SlicePlan;
  #deps: ConductDeps;
  #isSampled: boolean;
  #waitingSinceMs: number | undefined;

  constructor(exchange: Exchange, slice: SlicePlan, deps: ConductDeps) {
    this.#exchange = exchange;
    this.#slice = slice;
    this.#deps = deps;
    this.#isSampled = deps.shadow.isSampled(slice);
    this.order = exchange.order;
    this.deadlineMs = exchange.startedMs + deps.limits.holdMs;
  }

  async start(): Promise<void> {
    let decision = this.#decide();
    if (decision.kind === 'forward' && decision.why === 'behind-watermark') {
      await this.#deps.positions.of(this.#slice.slice)?.settle(this.#exchange.tenant, watermarkBudgetMs);
      decision = this.#decide();
    }
    if (this.#act(decision) === 'stays') this.#wait();
  }

  proceed(): 'left' | 'stays' {
    return this.#act(this.#decide());
  }

  expire(): void {
    this.#endWait();
    refuse(this.#exchange, 'hold', 429, 'HOLD_TIMEOUT');
  }

  get #queue(): string {
    return `${this.#slice.slice} read`;
  }

  #decide(): Decision {
    const { route, stickiness, tenant, override } = this.#exchange;
    const { deadlineMs } = this;
    return decide(this.#deps.situation.factsOf({ route, ...stickiness, tenant, override, deadlineMs, isSampled: this.#isSampled }));
  }

  #act(decision: Decision): 'left' | 'stays' {
    switch (decision.kind) {
      case 'hold':
        return 'stays';
      case 'refuse':
        this.#endWait();
        refuse(this.#exchange, 'hold', decision.status, decision.code);
        return 'left';
      case 'forward':
        this.#endWait();
        this.#forward(decision);
        return 'left';
      default:
        return assertNever(decision);
    }
  }

  #forward(decision: Extract<Decision, { kind: 'forward' }>): void {
    const debug = noteForward(this.#exchange, decision, this.#deps);
    const tap = decision.shadow === true ? this.#deps.shadow.tap(this.#exchange, this.#slice) : undefined;
    streamTo(decision.upstream, this.#exchange, { debug, isRetryable: true, isNoted: false, tap }, this.#deps);
  }

  #wait(): void {
    const { holds, nowMs } = this.#deps;
    this.#waitingSinceMs = nowMs();
    const limits = { requestsMax: this.#slice.move.heldRequestsMax, bytesMax: this.#slice.move.heldBytesMax };
    if (!holds.join(this.#queue, this, limits)) return void refuse(this.#exchange, 'hold', 429, 'HOLD_FULL');
    this.#exchange.res.once('close', () => {
      if (!holds.leave(this.#queue, this)) return;
      this.#endWait();
      this.#deps.metrics.heldDropped.inc({ slice: this.#slice.slice });
    });
  }

  #endWait(): void {
    if (this.#waitingSinceMs === undefined) return;
    const heldMs = this.#deps.nowMs() - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    this.#exchange.heldMs += heldMs;
    this.#deps.metrics.heldSeconds.observe({ slice: this.#slice.slice }, heldMs / 1_000);
  }
}

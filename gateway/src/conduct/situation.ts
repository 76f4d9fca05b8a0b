import type { Side } from '@atlas/contracts/ledger';
import { effectiveSplitBasisPoints } from '@atlas/flags/wanted';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Pins } from '../admin/pins.ts';
import { bucketOf } from '../decide/bucket.ts';
import type { Facts, UnitFacts } from '../decide/facts.ts';
import type { Route } from '../table/route-table.ts';
import type { Positions } from '../watermark/positions.ts';

/** Percent the split flag allows at most, by the last good flags; null: no limit asked for. */
export type SplitFlags = { splitPercent(slice: string): number | null };

/** What of a request the decision depends on. */
export type Asked = {
  route: Route;
  user: string | undefined;
  project: string | undefined;
  tenant: string | undefined;
  override: Side | undefined;
  deadlineMs: number;
  isSampled: boolean;
};

/** Gathers the facts of one request from everything that knows one. No I/O: all of it is in memory. */
export class Situation {
  #deps: { ledger: LedgerClient; pins: Pins; flags: SplitFlags; positions(slice: string): Positions | undefined; nowMs: () => number };
  #startedMs: number;

  constructor(deps: {
    ledger: LedgerClient;
    pins: Pins;
    flags: SplitFlags;
    positions(slice: string): Positions | undefined;
    nowMs: () => number;
  }) {
    this.#deps = deps;
    this.#startedMs = deps.nowMs();
  }

  factsOf(asked: Asked): Facts {
    const { ledger, pins, positions, nowMs } = this.#deps;
    const slice = asked.route.kind === 'slice' ? asked.route.slice : undefined;
    const stickiness = slice?.stickiness === 'project' ? asked.project : (asked.user ?? asked.project);
    return {
      effect: asked.route.kind === 'unknown' ? 'read' : asked.route.effect,
      unit: slice === undefined ? 'none' : this.#unit(slice.slice),
      isLeased: ledger.isLeased(),
      isBlind: this.#isBlind(),
      nowMs: nowMs(),
      deadlineMs: asked.deadlineMs,
      pin: slice === undefined ? undefined : pins.of(slice.slice),
      override: asked.override,
      bucket: slice === undefined || stickiness === undefined ? undefined : bucketOf(slice.slice, stickiness),
      standing: slice === undefined ? 'unknown' : (positions(slice.slice)?.standing(asked.tenant) ?? 'unknown'),
      isSampled: asked.isSampled,
    };
  }

  #unit(slice: string): UnitFacts | 'unread' {
    const view = this.#deps.ledger.view();
    if (view === null) return 'unread';
    const unit = view.units.find((one) => one.slice === slice && one.tenant === '*');
    if (unit === undefined) return { slice, phase: 'legacy', owner: 'legacy', reads: 'legacy', epoch: 0n, move: null, splitBasisPoints: 0 };
    return { ...unit, splitBasisPoints: this.#split(slice, unit.splitBasisPoints, view.gatewaysLeased) };
  }

  /**
   * Positions live in one gateway's memory, so a canary split needs this gateway to be the only one and to know it: with another one
   * leased, or without a lease of its own, all reads stay on the owner.
   */
  #split(slice: string, ledgerBasisPoints: number, gatewaysLeased: number): number {
    if (gatewaysLeased > 1 || !this.#deps.ledger.isLeased()) return 0;
    return effectiveSplitBasisPoints(ledgerBasisPoints, this.#deps.flags.splitPercent(slice));
  }

  /** Without a lease for longer than the plan allows; a cold start counts from this process's start. */
  #isBlind(): boolean {
    const { ledger, nowMs } = this.#deps;
    const lostMs = Math.min(ledger.leaseLostMs(), nowMs() - this.#startedMs);
    return lostMs > (ledger.plan()?.maxBlindSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
  }
}

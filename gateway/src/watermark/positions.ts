import type { Phase } from '@atlas/contracts/ledger';
import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { Standing } from '../decide/facts.ts';
import { coalesced } from './coalesced.ts';
import { formatLsn } from './lsn.ts';

/** How far the extracted side's copy has come. `blockedTenants` counts tenants with something parked. */
export type Applied = { incarnation: number; lsn: bigint; blockedTenants: number };
/** The two databases as positions see them. Both throw when their database does not answer. */
export type PositionSource = { position(): Promise<bigint>; applied(): Promise<Applied> };

const tenantsMax = 50_000;
const appliedAgeMsMax = 1_000;
const incarnationAgeMsMax = 5_000;
const retryMs = 500;
const askAgainMs = 5;
const lastLsn = 0xffff_ffff_ffff_ffffn;
/** Where the extracted side may answer reads or use copies of the legacy's rows. Elsewhere nothing is noted: it would cost a query a write. */
const watchedPhases: ReadonlySet<Phase> = new Set(['shadow', 'canary', 'extracted', 'retired']);

/**
 * Remembers, for one slice, the legacy's WAL position after each tenant's last write, and how much of it the extracted side has applied:
 * so that a client reads its own writes there (sync-and-cutover.md §9). Lives in this process; whoever is not in it is at `#floor`.
 * Everything that is not known counts as behind: the read stays on the owner.
 */
export class Positions {
  #source: PositionSource;
  #nowMs: () => number;
  #log: Logger;
  #slice: string;
  #phase: Phase = 'legacy';
  /** Position that covers all writes before watching began, and those whose tenant is not known. Null: not known yet. */
  #floor: bigint | null = null;
  #noted = new Map<string, bigint>();
  /** A write was released without a position: nothing may be read from a copy until a position asked for later covers it. */
  #isUncovered = false;
  #applied: (Applied & { readMs: number }) | null = null;
  #askPosition: () => Promise<bigint>;
  #askApplied: () => Promise<Applied>;
  #timer: NodeJS.Timeout | undefined;
  /** Grows with each beginning of watching: answers to questions of an older one are dropped. */
  #generation = 0;

  constructor(options: { slice: string; source: PositionSource; nowMs: () => number; log: Logger }) {
    this.#slice = options.slice;
    this.#source = options.source;
    this.#nowMs = options.nowMs;
    this.#log = options.log;
    this.#askPosition = coalesced(() => this.#source.position());
    this.#askApplied = coalesced(() => this.#source.applied());
  }

  get isWatching(): boolean {
    return watchedPhases.has(this.#phase);
  }

  /** Follows the slice's phase. When watching begins everything before is tagged with the position now: the floor. */
  enter(phase: Phase): void {
    const wasWatching = this.isWatching;
    this.#phase = phase;
    if (this.isWatching && !wasWatching) this.#begin();
    if (!this.isWatching && wasWatching) this.#end();
  }

  /**
   * Notes that a write of a tenant ended on the legacy (undefined: of a tenant we cannot name, so of any). Resolves when the response may be
   * released: at once when nobody watches. Never throws: a position that could not be read leaves every tenant to the owner until one can.
   */
  async note(tenant: string | undefined): Promise<void> {
    if (!this.isWatching) return;
    const generation = this.#generation;
    try {
      const lsn = await this.#askPosition();
      if (generation === this.#generation) this.#raise(tenant, lsn);
    } catch (error) {
      if (generation !== this.#generation) return;
      if (!this.#isUncovered)
        this.#log.warn({ slice: this.#slice, error: errorText(error) }, 'position of a write not read: reads stay on the owner');
      this.#isUncovered = true;
      this.#coverLater();
    }
  }

  /** What the cached state says of one tenant. */
  standing(tenant: string | undefined): Standing {
    const needed = this.neededLsn(tenant);
    const applied = this.#applied;
    if (needed === null || applied === null || this.#nowMs() - applied.readMs > appliedAgeMsMax) return 'unknown';
    if (applied.lsn < needed) return 'behind';
    return applied.blockedTenants > 0 ? 'parked' : 'applied';
  }

  /** Asks the extracted side until it has applied the tenant's position or the budget is spent, and answers the standing then. */
  async settle(tenant: string | undefined, budgetMs: number): Promise<Standing> {
    const endMs = this.#nowMs() + budgetMs;
    for (;;) {
      const standing = this.standing(tenant);
      const restMs = endMs - this.#nowMs();
      const mayChange = (standing === 'behind' || standing === 'unknown') && this.neededLsn(tenant) !== null;
      if (!mayChange || restMs <= 0) return standing;
      await Promise.race([this.#refreshApplied(), sleep(restMs)]);
      if (this.standing(tenant) !== 'applied') await sleep(Math.min(askAgainMs, restMs));
    }
  }

  /** The legacy's position a copy must have applied before it may stand for this tenant; null when that is not known. */
  neededLsn(tenant: string | undefined): bigint | null {
    if (this.#floor === null || this.#isUncovered || tenant === undefined) return null;
    const noted = this.#noted.get(tenant) ?? 0n;
    return noted > this.#floor ? noted : this.#floor;
  }

  /** The legacy's position now, for the shadow's confirmation. */
  position(): Promise<bigint> {
    return this.#askPosition();
  }

  /** Waits until the extracted side has applied a position of the legacy; false when it has not in time. */
  async hasApplied(lsn: bigint, budgetMs: number): Promise<boolean> {
    const endMs = this.#nowMs() + budgetMs;
    for (;;) {
      await this.#refreshApplied();
      if ((this.#applied?.lsn ?? -1n) >= lsn) return true;
      if (this.#nowMs() >= endMs) return false;
      await sleep(20);
    }
  }

  /**
   * `x-gw-position` for a request of this tenant: `<flow>@<incarnation>:<lsn>`; undefined while nobody watches. A position that is not known
   * is sent as the last one there is: no copy has applied it, so the service asks the owner.
   */
  headerFor(tenant: string | undefined): string | undefined {
    if (!this.isWatching) return undefined;
    const applied = this.#applied;
    if (applied === null || this.#nowMs() - applied.readMs > incarnationAgeMsMax) void this.#refreshApplied();
    return `f.${this.#slice}@${applied?.incarnation ?? 0}:${formatLsn(this.neededLsn(tenant) ?? lastLsn)}`;
  }

  state() {
    return {
      slice: this.#slice,
      isWatching: this.isWatching,
      floor: this.#floor,
      tenants: this.#noted.size,
      isUncovered: this.#isUncovered,
      applied: this.#applied,
    };
  }

  stop(): void {
    this.#end();
  }

  #begin(): void {
    this.#generation += 1;
    this.#noted.clear();
    this.#floor = null;
    this.#isUncovered = false;
    this.#applied = null;
    this.#coverLater(0);
    void this.#refreshApplied();
  }

  #end(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #raise(tenant: string | undefined, lsn: bigint): void {
    if (tenant === undefined || this.#noted.size >= tenantsMax) this.#raiseFloor(lsn);
    else if (lsn > (this.#noted.get(tenant) ?? 0n)) this.#noted.set(tenant, lsn);
  }

  #raiseFloor(lsn: bigint): void {
    if (this.#floor === null || lsn > this.#floor) this.#floor = lsn;
    for (const [tenant, noted] of this.#noted) if (noted <= this.#floor) this.#noted.delete(tenant);
  }

  /** Reads the position until it can be read, and takes it for everything before. Queries run one at a time, so it covers every one that failed. */
  #coverLater(delayMs = retryMs): void {
    const generation = this.#generation;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#cover(generation), delayMs);
  }

  async #cover(generation: number): Promise<void> {
    try {
      const lsn = await this.#askPosition();
      if (generation !== this.#generation) return;
      this.#raiseFloor(lsn);
      this.#isUncovered = false;
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#log.warn({ slice: this.#slice, error: errorText(error) }, 'position not read: reads stay on the owner');
      this.#coverLater();
    }
  }

  async #refreshApplied(): Promise<void> {
    const generation = this.#generation;
    const askedMs = this.#nowMs();
    try {
      const applied = await this.#askApplied();
      if (generation !== this.#generation) return;
      const before = this.#applied;
      this.#applied = { ...applied, readMs: askedMs };
      // A new incarnation is filled anew: what was noted says nothing about it.
      if (before !== null && before.incarnation !== applied.incarnation) this.#begin();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (this.#applied !== null)
        this.#log.warn({ slice: this.#slice, error: errorText(error) }, 'applied position not read: reads stay on the owner');
      this.#applied = null;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

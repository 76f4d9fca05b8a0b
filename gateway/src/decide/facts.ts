import type { Move, Phase, Side } from '@atlas/contracts/ledger';
import type { Effect } from '@atlas/contracts/plan';

/** What is known of the extracted side's copy of one tenant: `unknown` when its position or the store of positions is not known. */
export type Standing = 'applied' | 'behind' | 'parked' | 'unknown';

/** The unit a request belongs to, as the ledger last said. `splitBasisPoints` is the effective split: min(flag, ledger). */
export type UnitFacts = {
  slice: string;
  phase: Phase;
  owner: Side;
  reads: Side;
  epoch: bigint;
  move: Move | null;
  splitBasisPoints: number;
};

/** Everything `decide` may look at. Times are milliseconds of one monotonic clock. */
export type Facts = {
  effect: Effect;
  /** `none`: no slice has this route. `unread`: a slice has it, but this gateway has no ledger yet. */
  unit: UnitFacts | 'none' | 'unread';
  /** The ledger lease stands. */
  isLeased: boolean;
  /** Without a lease for longer than the plan's maxBlindSeconds. */
  isBlind: boolean;
  nowMs: number;
  /** When a held request is answered 429. */
  deadlineMs: number;
  pin?: Side | undefined;
  /** An authorised tester's wish. */
  override?: Side | undefined;
  /** Tenant lists of the canary. */
  listed?: 'allow' | 'deny' | undefined;
  /** 0–9999; undefined: the request has no stickiness field. */
  bucket?: number | undefined;
  standing: Standing;
  /** The side whose breaker is open. */
  broken?: Side | undefined;
  /** The sampler picked this request for the shadow. */
  isSampled: boolean;
};

import type { IntentReport, IntentState, JournalEntry } from '@atlas/contracts/control';
import type { Evidence, EvidenceKind, Phase, Unit } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';

/** A registered gateway. `isLeased` is judged by the control database's clock. */
export type Gateway = {
  id: string;
  url: string;
  isLeased: boolean;
  leaseUntil: Date;
  seenRevision: bigint;
  drainedRevision: bigint;
};
/** Revision and gateways of one snapshot. */
export type Fleet = { revision: bigint; gateways: Gateway[] };

export type EvidenceRow = Evidence & { id: number; ageSeconds: number; isExpired: boolean };
export type JournalDraft = { kind: string; payload: Record<string, unknown> };
export type UnitChange = Partial<Pick<Unit, 'phase' | 'owner' | 'reads' | 'epoch' | 'move' | 'splitBasisPoints'>>;

/** Why an intent stands where it stands; kept as `detail` beside its state and reason. */
export type IntentDetail = Pick<IntentReport, 'next' | 'gates' | 'timings' | 'heldMs' | 'attempts'> & { retryAt?: string };
export type Intent = {
  id: number;
  slice: string;
  tenant: string;
  want: Phase;
  split: number | null;
  source: string;
  state: IntentState;
  reason: string;
  detail: IntentDetail;
  at: Date;
  changedAt: Date;
};
export type IntentDraft = Pick<Intent, 'slice' | 'tenant' | 'want' | 'split' | 'source'>;

/** What a flag asked for when it was last looked at; `seq` grows with each change. */
export type FlagSeen = { phase: Phase | null; split: number | null; seq: bigint };

/** The ledger in the control database, but for changes of units: those need the unit's lock. */
export type LedgerStore = {
  readUnits(): Promise<Unit[]>;
  /** Throws NOT_FOUND. */
  readUnit(slice: string, tenant: string): Promise<Unit>;
  readFleet(): Promise<Fleet>;
  /** Null while another process works on the unit. */
  lockUnit(slice: string, tenant: string): Promise<UnitLock | null>;
  /** The latest row of each kind; one that says `unknown` (too few samples, say) does not hide an older one that says something. */
  readEvidence(slice: string): Promise<Partial<Record<EvidenceKind, EvidenceRow>>>;
  recordEvidence(evidence: Evidence): Promise<number>;
  insertIntent(draft: IntentDraft): Promise<Intent>;
  /** Throws NOT_FOUND. */
  readIntent(id: number): Promise<Intent>;
  /** Waiting and running ones, newest first. */
  openIntents(): Promise<Intent[]>;
  updateIntent(id: number, change: { state: IntentState; reason: string; detail: IntentDetail }): Promise<void>;
  readFlagSeen(slice: string): Promise<FlagSeen | null>;
  /** Notes the wish and, when a draft is given, makes its intent: one transaction. Null when another process noted this change first. */
  seeFlag(slice: string, seen: FlagSeen, draft: IntentDraft | null): Promise<Intent | 'noted' | null>;
  appendJournal(slice: string, tenant: string, draft: JournalDraft): Promise<void>;
  readJournal(after: bigint, limit: number): Promise<JournalEntry[]>;
  /** The seq of the first broken entry of the whole chain, or null. */
  findJournalBreak(): Promise<string | null>;
  /** Makes unit rows for new slices and publishes the plan when its hash is new. Answers the plan's revision. */
  publishPlan(plan: Plan): Promise<{ revision: bigint; isNew: boolean }>;
  readPlan(): Promise<{ revision: bigint; plan: Plan } | null>;
  /** Milliseconds since the journal last saw the unit enter canary or change its split; null when never. */
  splitAgeMs(slice: string, tenant: string): Promise<number | null>;
  /** Removes a gateway that will not come back. Throws NOT_FOUND, MOVE_REFUSED (still leased, or `maxBlindSeconds` not over and not attested). */
  forgetGateway(id: string, options: { maxBlindSeconds: number; isAttested: boolean }): Promise<void>;
};

/**
 * A unit's session advisory lock. All its statements run on the one session that holds the lock, so whoever lost the session cannot
 * write any more. Throws LOCK_LOST after the session ended, LEDGER_CONFLICT when the row is not the one expected.
 */
export type UnitLock = {
  readonly isLost: boolean;
  read(): Promise<Unit>;
  /** Changes the row, raises the revision, journals and notifies in one transaction. `expected` is the row as last read or written; it is never refreshed. */
  compareAndSet(expected: Unit, change: UnitChange, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint }>;
  fleet(): Promise<Fleet>;
  /** When the last hold of this unit was journaled, in milliseconds before now; null when never. */
  heldSinceMs(): Promise<number | null>;
  release(): Promise<void>;
};

/** One attempt of a compare-and-set, as a database gives it. A throw means: outcome unknown. */
export type UnitRow = {
  readonly isLost: boolean;
  read(): Promise<{ unit: Unit; revision: bigint }>;
  tryWrite(expected: Unit, wanted: Unit, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint } | 'conflict'>;
};

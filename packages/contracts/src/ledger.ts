/** One side of a move. Source: the protocol's words, docs/glossary.md. */
export type Side = 'legacy' | 'extracted';

/** The phases of a slice, in the order an operator walks them. `retired` is final. */
export const phases = ['legacy', 'replicating', 'shadow', 'canary', 'extracted', 'retired'] as const;
export type Phase = (typeof phases)[number];

/** What a unit is doing: null at rest; `holding` before the commit point, `committed` after it, `aborting` on the way back. */
export type Move = 'holding' | 'committed' | 'aborting';

/**
 * One row of `migrate.unit`: who owns a (slice, tenant). `tenant` is `*` for every tenant without a row of its own.
 * `epoch` grows with every move and is a bigint; `splitBasisPoints` is 0–10,000; `version` grows with every change of the row.
 */
export type Unit = {
  slice: string;
  tenant: string;
  phase: Phase;
  owner: Side;
  reads: Side;
  epoch: bigint;
  move: Move | null;
  splitBasisPoints: number;
  version: bigint;
};

/** Everything a gateway obeys, read in one snapshot: the ledger's revision, all unit rows, and the plan in force. */
export type LedgerView = { revision: bigint; units: Unit[]; planRevision: bigint; gatewaysLeased: number };

/** What kind of proof a row of `migrate.evidence` is. */
export const evidenceKinds = ['parity', 'shadow', 'pact', 'load', 'restart-check', 'move'] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];
export type Verdict = 'pass' | 'fail' | 'unknown';

/** One proof: what was looked at, what was found, and until when it may be believed (ISO times). */
export type Evidence = {
  kind: EvidenceKind;
  /** The slice, e.g. `notifications`. */
  subject: string;
  verdict: Verdict;
  value: Record<string, unknown>;
  takenAt: string;
  expiresAt: string;
};

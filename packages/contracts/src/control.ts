import type { EvidenceKind, Move, Phase, Side, Verdict } from './ledger.ts';

/** Steps of a move in their order; timings, journal entries and failpoints (`move.<step>.before|after`) carry these names. */
export const moveSteps = ['hold', 'drain', 'fence', 'catch-up', 'compare', 'prepare', 'commit', 'reads', 'open', 'release'] as const;
/** Steps of the way back before the commit point. */
export const abortSteps = ['abort-mark', 'abort-open', 'abort-release'] as const;
export type MoveStep = (typeof moveSteps)[number] | (typeof abortSteps)[number];
export type Direction = 'cutover' | 'reverse';

/** What a gate found. `unknown` holds like `fail`: it never promotes. `next` is a command or act that helps; empty on pass. */
export type GateResult = { gate: string; verdict: Verdict; value: string; limit: string; why: string; next: string };

/** `waiting` until gates pass; `running` while a step is carried out; the other three are final. */
export const intentStates = ['waiting', 'running', 'done', 'withdrawn', 'failed'] as const;
export type IntentState = (typeof intentStates)[number];

/** Body of `POST /intents`. `split` is a percentage, the most canary may reach; `source` is `cli`, `demo`, … */
export type IntentRequest = { slice: string; tenant?: string; want: Phase; split?: number; dryRun?: boolean; source: string };

/** `GET /intents/<id>`. `timings` are the last move's steps in milliseconds, `heldMs` from its hold to its release. */
export type IntentReport = {
  id: number;
  slice: string;
  tenant: string;
  want: Phase;
  split: number | null;
  source: string;
  state: IntentState;
  /** What it waits for, did last, or why it failed: one sentence for people. */
  reason: string;
  /** The next command for an operator. */
  next: string;
  /** Gates that do not pass now, while waiting. */
  gates: GateResult[];
  timings: Partial<Record<MoveStep, number>>;
  heldMs: number | null;
  /** Moves of this intent that were aborted. */
  attempts: number;
  at: string;
  changedAt: string;
};

/** Answer of `POST /intents` with `dryRun`: what would be done, step by step, and the gates of the first step as they stand. */
export type DryRun = { slice: string; want: Phase; steps: string[]; gates: GateResult[]; next: string };

export type FlowSummary = { healthy: boolean; lagMs: number | null; lagMsP99: number | null; parked: number; reasons: string[] };
export type EvidenceSummary = {
  kind: EvidenceKind;
  verdict: Verdict;
  takenAt: string;
  expiresAt: string;
  ageSeconds: number;
  value: Record<string, unknown>;
};

/** One honest line a slice, with what is behind it. `epoch`, `version`, `revision` are decimal text. */
export type SliceStatus = {
  slice: string;
  tenant: string;
  phase: Phase;
  owner: Side;
  reads: Side;
  epoch: string;
  version: string;
  move: Move | null;
  splitBasisPoints: number;
  flows: { f: FlowSummary; r: FlowSummary };
  evidence: EvidenceSummary[];
  /** The phase the newest open intent asks for; null when none is open. */
  intent: IntentReport | null;
  /** Gates of the next step forward (or of the open intent's next step). */
  gates: GateResult[];
  next: string;
};
export type GatewayStatus = { id: string; url: string; leased: boolean; seenRevision: string; drainedRevision: string; leaseUntil: string };
export type StatusReport = {
  revision: string;
  planRevision: string;
  planMistakes: { line: number; message: string }[];
  slices: SliceStatus[];
  gateways: GatewayStatus[];
  flags: { ageMs: number | null; problems: string[] };
};

/** One row of the journal. `hash` covers `prevHash` and everything else of the row. */
export type JournalEntry = {
  seq: string;
  at: string;
  slice: string;
  tenant: string;
  kind: string;
  payload: Record<string, unknown>;
  prevHash: string;
  hash: string;
};
/** `GET /journal?after=<seq>&limit=<n>`: `broken` names the first row whose hash does not follow, null when the whole chain holds. */
export type JournalReport = { entries: JournalEntry[]; broken: string | null };

/** One check of `doctor`; `fix` is what to do when it does not pass. */
export type DoctorCheck = { check: string; verdict: Verdict; found: string; fix: string };

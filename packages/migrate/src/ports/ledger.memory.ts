import type { IntentState, JournalEntry } from '@atlas/contracts/control';
import type { Evidence, EvidenceKind, Unit } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { entryHash, firstBreak, genesisHash, plainPayload } from '../journal/chain.ts';
import { compareAndSet } from '../move/compare-and-set.ts';
import type {
  EvidenceRow,
  FlagSeen,
  Fleet,
  Gateway,
  Intent,
  IntentDetail,
  IntentDraft,
  JournalDraft,
  LedgerStore,
  UnitChange,
  UnitLock,
  UnitRow,
} from './ledger.ts';

/** What may go wrong with one attempt to write: an answer lost before or after the write took effect. */
export type WriteFault = 'none' | 'lost-before' | 'lost-after';

/** A ledger in memory, for tests: one unit a slice, the same rules as the database's. `turn` is awaited before each statement. */
export class MemoryLedger implements LedgerStore {
  units = new Map<string, Unit>();
  revision = 1n;
  gateways: Gateway[] = [];
  entries: JournalEntry[] = [];
  evidence: EvidenceRow[] = [];
  intents: Intent[] = [];
  flagSeen = new Map<string, FlagSeen>();
  plans: Plan[] = [];
  nowMs: () => number = () => 0;
  turn: (statement: string) => Promise<void> = async () => {};
  writeFault: () => WriteFault = () => 'none';
  /** Called with each row written, for invariants. */
  onWrite: (unit: Unit) => void = () => {};
  #holders = new Map<string, MemoryLock>();

  async readUnits(): Promise<Unit[]> {
    return [...this.units.values()];
  }

  async readUnit(slice: string): Promise<Unit> {
    const unit = this.units.get(slice);
    if (unit === undefined) throw new AppError('NOT_FOUND', { slice });
    return unit;
  }

  async readFleet(): Promise<Fleet> {
    return { revision: this.revision, gateways: this.gateways.map((gateway) => ({ ...gateway })) };
  }

  async lockUnit(slice: string): Promise<UnitLock | null> {
    await this.turn('lock');
    if (this.#holders.has(slice)) return null;
    const lock = new MemoryLock(this, slice, () => this.#holders.delete(slice));
    this.#holders.set(slice, lock);
    return lock;
  }

  /** The server ends the session that holds the lock; its owner learns of it with its next statement. */
  loseLock(slice: string): void {
    const holder = this.#holders.get(slice);
    if (holder !== undefined) holder.isLost = true;
    this.#holders.delete(slice);
  }

  async readEvidence(slice: string): Promise<Partial<Record<EvidenceKind, EvidenceRow>>> {
    const latest: Partial<Record<EvidenceKind, EvidenceRow>> = {};
    for (const row of this.evidence.filter((each) => each.subject === slice)) {
      const ageSeconds = (this.nowMs() - Date.parse(row.takenAt)) / 1_000;
      latest[row.kind] = { ...row, ageSeconds, isExpired: Date.parse(row.expiresAt) <= this.nowMs() };
    }
    return latest;
  }

  async recordEvidence(evidence: Evidence): Promise<number> {
    const id = this.evidence.length + 1;
    this.evidence.push({ ...evidence, id, ageSeconds: 0, isExpired: false });
    return id;
  }

  async insertIntent(draft: IntentDraft): Promise<Intent> {
    const at = new Date(this.nowMs());
    const detail: IntentDetail = { next: '', gates: [], timings: {}, heldMs: null, attempts: 0 };
    const intent: Intent = { ...draft, id: this.intents.length + 1, state: 'waiting', reason: '', detail, at, changedAt: at };
    this.intents.push(intent);
    return intent;
  }

  async readIntent(id: number): Promise<Intent> {
    const intent = this.intents.find((each) => each.id === id);
    if (intent === undefined) throw new AppError('NOT_FOUND', { id });
    return intent;
  }

  async openIntents(): Promise<Intent[]> {
    return this.intents.filter(({ state }) => state === 'waiting' || state === 'running').reverse();
  }

  async updateIntent(id: number, change: { state: IntentState; reason: string; detail: IntentDetail }): Promise<void> {
    this.intents = this.intents.map((intent) =>
      intent.id === id && (intent.state === 'waiting' || intent.state === 'running') ? { ...intent, ...change } : intent,
    );
  }

  async readFlagSeen(slice: string): Promise<FlagSeen | null> {
    return this.flagSeen.get(slice) ?? null;
  }

  async seeFlag(slice: string, seen: FlagSeen, draft: IntentDraft | null): Promise<Intent | 'noted' | null> {
    if ((this.flagSeen.get(slice)?.seq ?? 0n) !== seen.seq - 1n) return null;
    this.flagSeen.set(slice, seen);
    return draft === null ? 'noted' : this.insertIntent(draft);
  }

  async appendJournal(slice: string, tenant: string, draft: JournalDraft): Promise<void> {
    const last = this.entries.at(-1);
    const entry = {
      seq: String(this.entries.length + 1),
      at: new Date(this.nowMs()).toISOString(),
      slice,
      tenant,
      kind: draft.kind,
      payload: plainPayload(draft.payload),
      prevHash: last?.hash ?? genesisHash,
    };
    this.entries.push({ ...entry, hash: entryHash(entry) });
  }

  async readJournal(after: bigint, limit: number): Promise<JournalEntry[]> {
    return this.entries.filter((entry) => BigInt(entry.seq) > after).slice(0, limit);
  }

  async findJournalBreak(): Promise<string | null> {
    return firstBreak(this.entries);
  }

  async publishPlan(plan: Plan): Promise<{ revision: bigint; isNew: boolean }> {
    this.plans.push(plan);
    return { revision: BigInt(this.plans.length), isNew: true };
  }

  async readPlan(): Promise<{ revision: bigint; plan: Plan } | null> {
    const plan = this.plans.at(-1);
    return plan === undefined ? null : { revision: BigInt(this.plans.length), plan };
  }

  async splitAgeMs(slice: string): Promise<number | null> {
    const last = this.entries.findLast((entry) => entry.slice === slice && (entry.kind === 'phase' || entry.kind === 'split'));
    return last === undefined ? null : this.nowMs() - Date.parse(last.at);
  }

  async forgetGateway(id: string): Promise<void> {
    this.gateways = this.gateways.filter((gateway) => gateway.id !== id);
  }
}

class MemoryLock implements UnitLock {
  isLost = false;
  #ledger: MemoryLedger;
  #slice: string;
  #free: () => void;

  constructor(ledger: MemoryLedger, slice: string, free: () => void) {
    this.#ledger = ledger;
    this.#slice = slice;
    this.#free = free;
  }

  async read(): Promise<Unit> {
    await this.#statement('read');
    return this.#ledger.readUnit(this.#slice);
  }

  compareAndSet(expected: Unit, change: UnitChange, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint }> {
    const isLost = () => this.isLost;
    const row: UnitRow = {
      get isLost() {
        return isLost();
      },
      read: async () => ({ unit: await this.read(), revision: this.#ledger.revision }),
      tryWrite: (before, wanted, entry) => this.tryWrite(before, wanted, entry),
    };
    return compareAndSet(row, expected, change, draft);
  }

  async tryWrite(expected: Unit, wanted: Unit, draft: JournalDraft): Promise<{ unit: Unit; revision: bigint } | 'conflict'> {
    await this.#statement(`write ${draft.kind}`);
    const fault = this.#ledger.writeFault();
    if (fault === 'lost-before') throw new Error('answer lost');
    const current = await this.#ledger.readUnit(this.#slice);
    if (current.version !== expected.version) return 'conflict';
    this.#ledger.units.set(this.#slice, wanted);
    this.#ledger.revision += 1n;
    await this.#ledger.appendJournal(this.#slice, wanted.tenant, draft);
    this.#ledger.onWrite(wanted);
    if (fault === 'lost-after') throw new Error('answer lost');
    return { unit: wanted, revision: this.#ledger.revision };
  }

  async fleet(): Promise<Fleet> {
    await this.#statement('fleet');
    return this.#ledger.readFleet();
  }

  async heldSinceMs(): Promise<number | null> {
    const last = this.#ledger.entries.findLast((entry) => entry.kind === 'move.hold');
    return last === undefined ? null : this.#ledger.nowMs() - Date.parse(last.at);
  }

  async release(): Promise<void> {
    if (!this.isLost) this.#free();
  }

  async #statement(name: string): Promise<void> {
    await this.#ledger.turn(name);
    if (this.isLost) throw new AppError('LOCK_LOST', { slice: this.#slice });
  }
}

import { randomUUID } from 'node:crypto';
import type { Evidence, LedgerView } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import { AppError, errorText } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { readPlanDocument } from '../plan.ts';
import { openSession, type Session } from '../postgres.ts';
import { ledgerChannel, type ViewRow, viewColumns, viewOf } from './read.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';

const leaseMs = 1_000;
const renewEveryMs = 250;
const reconnectMs = 250;
const coldStartMs = 2_000;
const statementMs = 900;

/** A gateway's side of the ledger: what it obeys, and its lease. */
export type LedgerClient = {
  /** Registers and reads, or after 2 s without the control database goes on from the disk snapshot (view() is null when there is none). */
  start(): Promise<void>;
  stop(): Promise<void>;
  view(): LedgerView | null;
  plan(): Plan | null;
  /** Whether the lease stands, by this process's monotonic clock counted from before the renewal was sent. */
  isLeased(): boolean;
  /** Milliseconds since the lease ended; 0 while it stands, Infinity when it never stood. */
  leaseLostMs(): number;
  onChange(listener: () => void): void;
  /** Renews now; when it returns, view() is at least as new as the call. Throws LEDGER_UNAVAILABLE. */
  refresh(): Promise<void>;
  /** No write of a unit held at or before this revision is in flight any more. */
  setDrained(revision: bigint): void;
  /** Adds one row of evidence. Throws LEDGER_UNAVAILABLE. */
  recordEvidence(evidence: Evidence): Promise<void>;
};

type Options = {
  databaseUrl: string;
  gatewayId: string;
  /** This gateway's admin URL, shown to operators. */
  url: string;
  snapshotFile?: string;
  log: Logger;
  monotonicMs?: () => number;
};

/** Makes the client; nothing runs before start(). */
export function createLedgerClient(options: Options): LedgerClient {
  return new Client(options);
}

class Client implements LedgerClient {
  #options: Options;
  #clock: () => number;
  #bootId = randomUUID();
  #session: Session | null = null;
  #view: LedgerView | null = null;
  #plan: Plan | null = null;
  #leasedUntil = Number.NEGATIVE_INFINITY;
  #drained = 0n;
  #acked = 0n;
  #listeners: (() => void)[] = [];
  #isRunning = false;
  #wake: () => void = () => {};
  #isWoken = false;
  #loop: Promise<void> = Promise.resolve();
  #renewal: Promise<void> | null = null;
  #snapshots: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
    this.#clock = options.monotonicMs ?? (() => performance.now());
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    const first = new Promise<void>((resolve) => this.#listeners.push(resolve));
    this.#loop = this.#run();
    await Promise.race([first, sleep(coldStartMs)]);
    if (this.#view === null) await this.#startFromSnapshot();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#wakeUp();
    await this.#loop;
    await this.#snapshots;
    const session = this.#session;
    this.#session = null;
    if (session === null || session.isLost) return;
    await session.query('delete from migrate.gateway_lease where id = $1 and boot_id = $2', [this.#options.gatewayId, this.#bootId]);
    await session.close();
  }

  view(): LedgerView | null {
    return this.#view;
  }

  plan(): Plan | null {
    return this.#plan;
  }

  isLeased(): boolean {
    return this.#clock() < this.#leasedUntil;
  }

  leaseLostMs(): number {
    return this.isLeased() ? 0 : this.#clock() - this.#leasedUntil;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async refresh(): Promise<void> {
    // A renewal under way may have read before this call: wait for it, then one of our own.
    await this.#renewal?.catch(() => {});
    await this.#renew();
  }

  setDrained(revision: bigint): void {
    if (revision <= this.#drained) return;
    this.#drained = revision;
    this.#wakeUp();
  }

  async recordEvidence(evidence: Evidence): Promise<void> {
    const session = this.#session;
    if (session === null || session.isLost) throw new AppError('LEDGER_UNAVAILABLE');
    await session.query(
      'insert into migrate.evidence (kind, subject, value, verdict, taken_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
      [evidence.kind, evidence.subject, JSON.stringify(evidence.value), evidence.verdict, evidence.takenAt, evidence.expiresAt],
    );
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      try {
        await this.#connectOnce();
        await this.#renew();
        // Whoever changed the ledger waits for this gateway's word: acknowledge at once, do not wait for the next round.
        if (this.#view !== null && (this.#acked < this.#view.revision || this.#isWoken)) continue;
      } catch (error) {
        this.#options.log.warn({ error: errorText(error) }, 'lease not renewed');
        await this.#dropSession();
        await this.#pause(reconnectMs);
        continue;
      }
      await this.#pause(renewEveryMs);
    }
  }

  async #connectOnce(): Promise<void> {
    if (this.#session !== null && !this.#session.isLost) return;
    const session = await openSession(this.#options.databaseUrl, { name: `gateway ${this.#options.gatewayId}` });
    await session.query(`set statement_timeout = ${statementMs}`);
    session.onNotification(() => this.#wakeUp());
    await session.query(`listen ${ledgerChannel}`);
    this.#session = session;
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewOnce(): Promise<void> {
    const session = this.#session;
    if (session === null || session.isLost) throw new AppError('LEDGER_UNAVAILABLE');
    this.#isWoken = false;
    const sentAt = this.#clock();
    const seen = this.#view?.revision ?? 0n;
    const { rows } = await session.query<ViewRow & { held_by_us: boolean }>(renewal, [
      this.#options.gatewayId,
      this.#bootId,
      this.#options.url,
      seen,
      this.#drained,
    ]);
    const row = rows[0];
    if (row === undefined || !row.held_by_us) {
      throw new AppError('LEDGER_CONFLICT', { message: `another gateway holds the id "${this.#options.gatewayId}"` });
    }
    const view = viewOf(row);
    const plan = await this.#planFor(session, view.planRevision);
    this.#obey(view, plan, sentAt, seen);
  }

  #obey(view: LedgerView, plan: Plan | null, sentAt: number, seen: bigint): void {
    const before = this.#view;
    const isNew = before === null || before.revision !== view.revision || before.planRevision !== view.planRevision;
    this.#view = view;
    this.#plan = plan;
    this.#leasedUntil = sentAt + leaseMs;
    this.#acked = seen;
    if (!isNew) return;
    for (const listener of this.#listeners) listener();
    this.#keepSnapshot({ view, plan });
  }

  async #planFor(session: Session, revision: bigint): Promise<Plan | null> {
    if (this.#view?.planRevision === revision && this.#plan !== null) return this.#plan;
    if (revision === 0n) return this.#plan;
    const { rows } = await session.query<{ document: unknown }>('select document from migrate.plan where revision = $1', [revision]);
    return readPlanDocument(rows[0]?.document);
  }

  #keepSnapshot(snapshot: { view: LedgerView; plan: Plan | null }): void {
    const file = this.#options.snapshotFile;
    if (file === undefined) return;
    this.#snapshots = this.#snapshots
      .then(() => writeSnapshot(file, snapshot))
      .catch((error) => this.#options.log.error({ file, error: errorText(error) }, 'snapshot not written'));
  }

  async #startFromSnapshot(): Promise<void> {
    const file = this.#options.snapshotFile;
    const snapshot = file === undefined ? null : await readSnapshot(file);
    if (snapshot === null || this.#view !== null) return;
    this.#view = snapshot.view;
    this.#plan = snapshot.plan;
    this.#options.log.warn({ revision: snapshot.view.revision.toString() }, 'control database away: serving what the disk snapshot says');
    for (const listener of this.#listeners) listener();
  }

  async #dropSession(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session !== null && !session.isLost) await session.close().catch(() => {});
  }

  #wakeUp(): void {
    this.#isWoken = true;
    this.#wake();
  }

  #pause(ms: number): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// Registers or renews, and reads what to obey, in one statement and so in one snapshot. Another live boot under the same id is refused.
const renewal = `
  with lease as (
    insert into migrate.gateway_lease (id, boot_id, url, lease_until, seen_revision, drained_revision)
    values ($1, $2, $3, now() + interval '${leaseMs} milliseconds', $4, $5)
    on conflict (id) do update set
      boot_id = excluded.boot_id, url = excluded.url, lease_until = excluded.lease_until,
      seen_revision = excluded.seen_revision, drained_revision = excluded.drained_revision
    where gateway_lease.boot_id = excluded.boot_id or gateway_lease.lease_until < now()
    returning id
  )
  select exists (select from lease) as held_by_us, ${viewColumns}`;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

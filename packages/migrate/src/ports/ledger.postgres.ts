import type { IntentState, JournalEntry } from '@atlas/contracts/control';
import type { Evidence, EvidenceKind, Phase, Unit, Verdict } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { planDocument, planHash, readPlanDocument } from '@atlas/kit/plan';
import { openSession, type Pool, type Queryable, transact } from '@atlas/kit/postgres';
import { firstBreak, genesisHash } from '../journal/chain.ts';
import type { EvidenceRow, FlagSeen, Fleet, Intent, IntentDetail, IntentDraft, JournalDraft, LedgerStore, UnitLock } from './ledger.ts';
import { appendEntry, raiseRevision, readFleet, type UnitColumns, unitColumns, unitOf } from './statements.ts';
import { holdUnitLock } from './unit-lock.postgres.ts';

const openIntentsMax = 100;
const journalPage = 1_000;

/** The ledger in PostgreSQL. `databaseUrl` is for the dedicated sessions that hold unit locks. */
export function createPostgresLedger(pool: Pool, databaseUrl: string): LedgerStore {
  return new PostgresLedger(pool, databaseUrl);
}

const intentColumns = 'id, slice, tenant, want, split, source, state, reason, detail, at, changed_at';
type IntentColumns = {
  id: bigint;
  slice: string;
  tenant: string;
  want: Phase;
  split: number | null;
  source: string;
  state: IntentState;
  reason: string | null;
  detail: Partial<IntentDetail>;
  at: Date;
  changed_at: Date;
};

function intentOf(row: IntentColumns): Intent {
  return {
    id: Number(row.id),
    slice: row.slice,
    tenant: row.tenant,
    want: row.want,
    split: row.split,
    source: row.source,
    state: row.state,
    reason: row.reason ?? '',
    detail: { next: '', gates: [], timings: {}, heldMs: null, attempts: 0, ...row.detail },
    at: row.at,
    changedAt: row.changed_at,
  };
}

class PostgresLedger implements LedgerStore {
  #pool: Pool;
  #databaseUrl: string;

  constructor(pool: Pool, databaseUrl: string) {
    this.#pool = pool;
    this.#databaseUrl = databaseUrl;
  }

  async readUnits(): Promise<Unit[]> {
    const { rows } = await this.#pool.query<UnitColumns>(`select ${unitColumns} from migrate.unit order by slice, tenant`);
    return rows.map(unitOf);
  }

  async readUnit(slice: string, tenant: string): Promise<Unit> {
    const { rows } = await this.#pool.query<UnitColumns>(`select ${unitColumns} from migrate.unit where slice = $1 and tenant = $2`, [
      slice,
      tenant,
    ]);
    if (rows[0] === undefined) throw new AppError('NOT_FOUND', { message: `no unit ${slice}/${tenant} in the ledger` });
    return unitOf(rows[0]);
  }

  readFleet(): Promise<Fleet> {
    return readFleet(this.#pool);
  }

  async lockUnit(slice: string, tenant: string): Promise<UnitLock | null> {
    const session = await openSession(this.#databaseUrl, { name: `migrate ${slice}/${tenant}` });
    return holdUnitLock(session, slice, tenant);
  }

  async readEvidence(slice: string): Promise<Partial<Record<EvidenceKind, EvidenceRow>>> {
    type Row = {
      id: bigint;
      kind: EvidenceKind;
      verdict: Verdict;
      value: Record<string, unknown>;
      taken_at: Date;
      expires_at: Date;
      age: number;
      is_expired: boolean;
    };
    const { rows } = await this.#pool.query<Row>(
      `select distinct on (kind) id, kind, verdict, value, taken_at, expires_at,
         extract(epoch from now() - taken_at)::float8 as age, expires_at <= now() as is_expired
       from migrate.evidence where subject = $1 order by kind, verdict = 'unknown', taken_at desc, id desc`,
      [slice],
    );
    return Object.fromEntries(
      rows.map((row) => [
        row.kind,
        {
          id: Number(row.id),
          kind: row.kind,
          subject: slice,
          verdict: row.verdict,
          value: row.value,
          takenAt: row.taken_at.toISOString(),
          expiresAt: row.expires_at.toISOString(),
          ageSeconds: row.age,
          isExpired: row.is_expired,
        },
      ]),
    );
  }

  async recordEvidence(evidence: Evidence): Promise<number> {
    const { kind, subject, verdict, value, takenAt, expiresAt } = evidence;
    return transact(this.#pool, async (tx) => {
      const { rows } = await tx.query<{ id: bigint }>(
        'insert into migrate.evidence (kind, subject, value, verdict, taken_at, expires_at) values ($1, $2, $3, $4, $5, $6) returning id',
        [kind, subject, JSON.stringify(value), verdict, takenAt, expiresAt],
      );
      const id = Number(rows[0]?.id);
      await appendEntry(tx, subject, '*', { kind: 'evidence', payload: { id, kind, verdict, takenAt, expiresAt } });
      return id;
    });
  }

  insertIntent(draft: IntentDraft): Promise<Intent> {
    return transact(this.#pool, (tx) => insertIntent(tx, draft, null));
  }

  async readIntent(id: number): Promise<Intent> {
    const { rows } = await this.#pool.query<IntentColumns>(`select ${intentColumns} from migrate.intent where id = $1`, [id]);
    if (rows[0] === undefined) throw new AppError('NOT_FOUND', { message: `no intent ${id}` });
    return intentOf(rows[0]);
  }

  async openIntents(): Promise<Intent[]> {
    const { rows } = await this.#pool.query<IntentColumns>(
      `select ${intentColumns} from migrate.intent where state in ('waiting', 'running') order by id desc limit ${openIntentsMax}`,
    );
    return rows.map(intentOf);
  }

  async updateIntent(id: number, change: { state: IntentState; reason: string; detail: IntentDetail }): Promise<void> {
    // A final state stays: an intent withdrawn by another process is not brought back.
    await this.#pool.query(
      `update migrate.intent set state = $2, reason = $3, detail = $4, changed_at = now() where id = $1 and state in ('waiting', 'running')`,
      [id, change.state, change.reason, JSON.stringify(change.detail)],
    );
  }

  async readFlagSeen(slice: string): Promise<FlagSeen | null> {
    const { rows } = await this.#pool.query<{ phase: Phase | null; split: number | null; seq: bigint }>(
      'select phase, split::float8 as split, seq from migrate.flag_seen where slice = $1',
      [slice],
    );
    return rows[0] ?? null;
  }

  seeFlag(slice: string, seen: FlagSeen, draft: IntentDraft | null): Promise<Intent | 'noted' | null> {
    return transact(this.#pool, async (tx) => {
      const { rows } = await tx.query(
        `insert into migrate.flag_seen as old (slice, phase, split, seq) values ($1, $2, $3, $4)
         on conflict (slice) do update set phase = excluded.phase, split = excluded.split, seq = excluded.seq, seen_at = now()
         where old.seq = excluded.seq - 1 returning slice`,
        [slice, seen.phase, seen.split, seen.seq],
      );
      if (rows.length === 0) return null;
      return draft === null ? 'noted' : insertIntent(tx, draft, seen.seq.toString());
    });
  }

  appendJournal(slice: string, tenant: string, draft: JournalDraft): Promise<void> {
    return transact(this.#pool, (tx) => appendEntry(tx, slice, tenant, draft));
  }

  async readJournal(after: bigint, limit: number): Promise<JournalEntry[]> {
    type Row = Omit<JournalEntry, 'seq' | 'at' | 'prevHash'> & { seq: bigint; at: Date; prev_hash: string };
    const { rows } = await this.#pool.query<Row>(
      'select seq, at, slice, tenant, kind, payload, prev_hash, hash from migrate.journal where seq > $1 order by seq limit $2',
      [after, limit],
    );
    return rows.map(({ seq, at, prev_hash, ...row }) => ({ ...row, seq: seq.toString(), at: at.toISOString(), prevHash: prev_hash }));
  }

  async findJournalBreak(): Promise<string | null> {
    let after = 0n;
    let before = genesisHash;
    for (;;) {
      const entries = await this.readJournal(after, journalPage);
      const broken = firstBreak(entries, before);
      const last = entries.at(-1);
      if (broken !== null || last === undefined) return broken;
      after = BigInt(last.seq);
      before = last.hash;
    }
  }

  publishPlan(plan: Plan): Promise<{ revision: bigint; isNew: boolean }> {
    return transact(this.#pool, async (tx) => {
      // The ledger's row lock makes two control planes publish one after the other.
      await tx.query('select revision from migrate.ledger for update');
      const { rows } = await tx.query<{ revision: bigint; hash: string }>(
        'select revision, hash from migrate.plan order by revision desc limit 1',
      );
      const hash = planHash(plan);
      if (rows[0]?.hash === hash) return { revision: rows[0].revision, isNew: false };
      const revision = (rows[0]?.revision ?? 0n) + 1n;
      await tx.query('insert into migrate.plan (revision, hash, document) values ($1, $2, $3)', [
        revision,
        hash,
        JSON.stringify(planDocument(plan)),
      ]);
      for (const { slice } of plan.slices) {
        await tx.query(
          `insert into migrate.unit (slice, tenant, phase, owner, reads, epoch) values ($1, '*', 'legacy', 'legacy', 'legacy', 1) on conflict do nothing`,
          [slice],
        );
      }
      await raiseRevision(tx);
      await appendEntry(tx, '*', '*', { kind: 'plan', payload: { revision, hash, slices: plan.slices.map((slice) => slice.slice) } });
      return { revision, isNew: true };
    });
  }

  async readPlan(): Promise<{ revision: bigint; plan: Plan } | null> {
    const { rows } = await this.#pool.query<{ revision: bigint; document: unknown }>(
      'select revision, document from migrate.plan order by revision desc limit 1',
    );
    return rows[0] === undefined ? null : { revision: rows[0].revision, plan: readPlanDocument(rows[0].document) };
  }

  async splitAgeMs(slice: string, tenant: string): Promise<number | null> {
    const { rows } = await this.#pool.query<{ ms: number }>(
      `select extract(epoch from clock_timestamp() - at)::float8 * 1000 as ms from migrate.journal
       where slice = $1 and tenant = $2 and kind in ('phase', 'split') order by seq desc limit 1`,
      [slice, tenant],
    );
    return rows[0]?.ms ?? null;
  }

  forgetGateway(id: string, options: { maxBlindSeconds: number; isAttested: boolean }): Promise<void> {
    return transact(this.#pool, async (tx) => {
      const { rows } = await tx.query<{ is_leased: boolean; wait: number }>(
        `select lease_until > now() as is_leased, extract(epoch from lease_until + make_interval(secs => $2) - now())::float8 as wait
         from migrate.gateway_lease where id = $1 for update`,
        [id, options.maxBlindSeconds + 1],
      );
      const lease = rows[0];
      if (lease === undefined) throw new AppError('NOT_FOUND', { message: `no gateway "${id}" is registered` });
      if (lease.is_leased) throw new AppError('MOVE_REFUSED', { message: `gateway ${id} is alive and leased; stop it first` });
      if (lease.wait > 0 && !options.isAttested) {
        const wait = Math.ceil(lease.wait);
        throw new AppError('MOVE_REFUSED', {
          message: `gateway ${id} may still serve reads for ${wait} s; wait, or say that its process is gone: pnpm migrate gateway forget ${id} --process-is-gone`,
        });
      }
      await tx.query('delete from migrate.gateway_lease where id = $1', [id]);
      await appendEntry(tx, '*', '*', { kind: 'gateway.forget', payload: { id, isAttested: options.isAttested } });
    });
  }
}

async function insertIntent(tx: Queryable, draft: IntentDraft, flagRevision: string | null): Promise<Intent> {
  const { rows } = await tx.query<IntentColumns>(
    `insert into migrate.intent (slice, tenant, want, split, source, flag_revision) values ($1, $2, $3, $4, $5, $6) returning ${intentColumns}`,
    [draft.slice, draft.tenant, draft.want, draft.split === null ? null : Math.round(draft.split), draft.source, flagRevision],
  );
  if (rows[0] === undefined) throw new AppError('INTERNAL', { message: 'intent not written' });
  const intent = intentOf(rows[0]);
  await appendEntry(tx, draft.slice, draft.tenant, {
    kind: 'intent',
    payload: { id: intent.id, want: draft.want, split: draft.split, source: draft.source },
  });
  return intent;
}

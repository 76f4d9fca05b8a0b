import { AppError } from '@atlas/kit/errors';
import { openSession, type Queryable, type Session, sqlState, transact } from '@atlas/kit/postgres';
import type { Flow } from '../flows.ts';

/** The row of `strangler.apply_progress` as an applier needs it, with the backfill that snapshot rows belong to now. */
export type Progress = {
  incarnation: number;
  nextOffset: bigint;
  topicId: string | null;
  term: bigint;
  commitLsn: bigint | null;
  watermarkSeq: bigint | null;
  backfill: Backfill | null;
};

export type Backfill = { id: string; tenant: string; epoch: bigint; state: 'open' | 'done' };

/** An applier's lease on its flow: the session that may write, and the term every batch asserts. */
export type Lease = { session: Session; term: bigint; progress: Progress };

const originWaitMs = 2_000;

/** `holder` names one process for its lifetime. `mustHold`: it held the flow before, and may take it over again only if nobody else has since. */
export type TakeOver = { databaseUrl: string; holder: string; mustHold: boolean };

/**
 * Takes the flow over: ends the predecessor's backend, raises the term, makes the session a replica with its own replication origin.
 * Throws TERM_LOST when `mustHold` and somebody else has taken over.
 */
export async function takeOver(flow: Flow, options: TakeOver): Promise<Lease> {
  const session = await openSession(options.databaseUrl, { name: `cdc-apply ${flow.id}` });
  try {
    await session.query(
      `set statement_timeout = '60s'; set idle_in_transaction_session_timeout = '5s'; set timezone = 'UTC'; set synchronous_commit = on`,
    );
    await endPredecessor(session, flow, options);
    const term = await transact(session, (tx) => raiseTerm(tx, flow, options));
    await becomeReplica(session, flow);
    return { session, term, progress: await readProgress(session, flow) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function endPredecessor(session: Session, flow: Flow, options: TakeOver): Promise<void> {
  const { rows } = await session.query<{ holder: string | null }>('select holder from strangler.apply_progress where flow = $1', [flow.id]);
  assertHolder(flow, options, rows[0]?.holder);
  await session.query(
    `select pg_terminate_backend(a.pid, 2000) from pg_stat_activity a
     join strangler.apply_progress p on p.backend_pid = a.pid and p.backend_start = a.backend_start
     where p.flow = $1 and a.pid <> pg_backend_pid()`,
    [flow.id],
  );
}

async function raiseTerm(tx: Queryable, flow: Flow, options: TakeOver): Promise<bigint> {
  const { rows } = await tx.query<{ holder: string | null }>('select holder from strangler.apply_progress where flow = $1 for update', [
    flow.id,
  ]);
  assertHolder(flow, options, rows[0]?.holder);
  const raised = await tx.query<{ term: bigint }>(
    `update strangler.apply_progress set term = term + 1, holder = $2, backend_pid = pg_backend_pid(),
       backend_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid()),
       restarted_at = case when next_offset > 0 then clock_timestamp() else restarted_at end,
       stopped_code = null, stopped_message = null
     where flow = $1 returning term`,
    [flow.id, options.holder],
  );
  const term = raised.rows[0]?.term;
  if (term === undefined)
    throw new AppError('CONFIG_INVALID', { message: `the target has no progress row of ${flow.id}: run \`cdc migrate\`` });
  return term;
}

function assertHolder(flow: Flow, { holder, mustHold }: TakeOver, current: string | null | undefined): void {
  if (mustHold && current !== holder) throw new AppError('TERM_LOST', { flow: flow.id, holder, current });
}

async function becomeReplica(session: Session, flow: Flow): Promise<void> {
  await session.query('set session_replication_role = replica');
  const deadline = Date.now() + originWaitMs;
  for (;;) {
    try {
      await session.query('select pg_replication_origin_session_setup(strangler.origin_name($1))', [flow.id]);
      return;
    } catch (error) {
      // The predecessor's backend has been told to end and still holds the origin.
      if (sqlState(error) !== '55006' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

type ProgressRow = {
  incarnation: number;
  next_offset: bigint;
  topic_id: string | null;
  term: bigint;
  commit_lsn: bigint | null;
  watermark_seq: bigint | null;
  backfill_id: string | null;
  backfill_tenant: string;
  backfill_epoch: bigint;
  backfill_state: 'open' | 'done';
  is_replica: boolean;
};

const selectProgress = `select p.incarnation, p.next_offset, p.topic_id, p.term, p.commit_lsn, p.watermark_seq,
    b.id as backfill_id, b.tenant as backfill_tenant, b.epoch as backfill_epoch, b.state as backfill_state,
    current_setting('session_replication_role') = 'replica' and pg_replication_origin_session_is_setup() as is_replica
  from strangler.apply_progress p
  left join lateral (select * from strangler.backfill b where b.flow = p.flow order by b.opened_at desc limit 1) b on true
  where p.flow = $1`;

/** Whether the lease still holds; for an idle applier. Throws TERM_LOST, or UNAVAILABLE when the flow has begun anew (take over again). */
export async function assertLease(flow: Flow, lease: Lease): Promise<void> {
  assertHeld(flow, lease, await readProgress(lease.session, flow));
}

function assertHeld(flow: Flow, lease: Lease, progress: Progress): void {
  if (progress.term !== lease.term) throw new AppError('TERM_LOST', { flow: flow.id, heldTerm: lease.term, term: progress.term });
  if (progress.incarnation !== lease.progress.incarnation)
    throw new AppError('UNAVAILABLE', { message: `${flow.id} begins anew with incarnation ${progress.incarnation}` });
}

/** Reads without locking; for opening the stream. */
async function readProgress(on: Queryable, flow: Flow): Promise<Progress> {
  const { rows } = await on.query<ProgressRow>(selectProgress, [flow.id]);
  return progressOf(flow, rows[0]);
}

/** First statement of a batch: the row lock, and the proof that this session may still write. Throws as `assertLease`. */
export async function lockProgress(tx: Queryable, flow: Flow, lease: Lease): Promise<Progress> {
  const { rows } = await tx.query<ProgressRow>(`${selectProgress} for update of p`, [flow.id]);
  const progress = progressOf(flow, rows[0]);
  assertHeld(flow, lease, progress);
  if (rows[0]?.is_replica !== true)
    throw new AppError('INTERNAL', { message: 'the session is no replica with an origin of its own: its writes would echo' });
  return progress;
}

function progressOf(flow: Flow, row: ProgressRow | undefined): Progress {
  if (row === undefined)
    throw new AppError('CONFIG_INVALID', { message: `the target has no progress row of ${flow.id}: run \`cdc migrate\`` });
  const backfill =
    row.backfill_id === null
      ? null
      : { id: row.backfill_id, tenant: row.backfill_tenant, epoch: row.backfill_epoch, state: row.backfill_state };
  return {
    incarnation: row.incarnation,
    nextOffset: row.next_offset,
    topicId: row.topic_id,
    term: row.term,
    commitLsn: row.commit_lsn,
    watermarkSeq: row.watermark_seq,
    backfill,
  };
}

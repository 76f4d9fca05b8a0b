import { AppError } from '@atlas/kit/errors';
import { openSession, type Session, sqlState, transact } from '@atlas/kit/postgres';
import type { ConnectClient } from './connect/client.ts';
import { connectorOf, type Flow, signalTableOf } from './flows.ts';
import { identifier } from './schema/quote.ts';

const slotWaitMs = 20_000;

/** What a reseed did: the incarnation in force now, and the names that are gone. */
export type Reseeded = { flow: string; incarnation: number; removed: string };

/**
 * Gives a flow a new beginning after a STREAM_GAP: takes its connector and slot away and raises the incarnation, so that a running cdc makes a
 * new topic, slot and connector within a second. Row positions of the old incarnation lose against all new ones. Afterwards the rows of every
 * unit the source owns must be read again (backfill), and a full verify finds what was deleted meanwhile. Superuser URLs. May run again.
 */
export async function reseed(flow: Flow, options: { sourceUrl: string; targetUrl: string; connect: ConnectClient }): Promise<Reseeded> {
  const source = await openSession(options.sourceUrl, { name: 'cdc-reseed' });
  const target = await openSession(options.targetUrl, { name: 'cdc-reseed' });
  try {
    const incarnation = await readIncarnation(target, flow);
    const name = connectorOf(flow, incarnation);
    await options.connect.delete(name);
    await dropSlot(source, name);
    await source.query(`delete from strangler.${identifier(signalTableOf(flow))}`);
    await raiseIncarnation(target, flow, incarnation);
    return { flow: flow.id, incarnation: incarnation + 1, removed: name };
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

async function readIncarnation(target: Session, flow: Flow): Promise<number> {
  const { rows } = await target.query<{ incarnation: number }>('select incarnation from strangler.apply_progress where flow = $1', [
    flow.id,
  ]);
  const row = rows[0];
  if (row === undefined)
    throw new AppError('CONFIG_INVALID', { message: `the target has no progress row of ${flow.id}: run \`cdc migrate\`` });
  return row.incarnation;
}

/** The connector's task needs a moment to let go of its slot. */
async function dropSlot(source: Session, name: string): Promise<void> {
  const deadline = Date.now() + slotWaitMs;
  for (;;) {
    try {
      await source.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [name]);
      return;
    } catch (error) {
      if (sqlState(error) !== '55006' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Compare-and-set. A running applier sees it within a moment, drops what it had read and takes over again. */
async function raiseIncarnation(target: Session, flow: Flow, incarnation: number): Promise<void> {
  await transact(target, async (tx) => {
    const raised = await tx.query(
      `update strangler.apply_progress set incarnation = incarnation + 1, next_offset = 0, topic_id = null, commit_lsn = null, event_lsn = null,
         applied_lsn = null, watermark_seq = null, watermark_at = null, stopped_code = null, stopped_message = null, restarted_at = clock_timestamp()
       where flow = $1 and incarnation = $2 returning flow`,
      [flow.id, incarnation],
    );
    if (raised.rows.length === 0)
      throw new AppError('LEDGER_CONFLICT', { message: `somebody else has raised the incarnation of ${flow.id}` });
    await tx.query(`update strangler.backfill set state = 'done', done_at = clock_timestamp() where flow = $1 and state = 'open'`, [
      flow.id,
    ]);
    await tx.query('delete from strangler.verified where flow = $1', [flow.id]);
  });
}

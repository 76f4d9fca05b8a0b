import { randomUUID } from 'node:crypto';
import { AppError } from '@atlas/kit/errors';
import type { Pool } from '@atlas/kit/postgres';
import { type Flow, signalTableOf, tablesOf } from '../flows.ts';
import { identifier } from '../schema/quote.ts';

/** What is asked: the unit and the epoch under which the flow's source owns it. */
export type BackfillRequest = { tenant: string; epoch: bigint };

/**
 * Asks the flow's connector for an incremental snapshot of all its tables, by a row in the signal table. Answers the backfill's id; how far
 * it is stands in `strangler.backfill` at the target. Its rows carry no id: they belong to the last signal seen in the stream, so there is
 * one at a time. Throws BAD_REQUEST, MOVE_REFUSED (another is open, or the source does not own the unit under this epoch).
 */
export async function startBackfill(flow: Flow, databases: { source: Pool; target: Pool }, request: BackfillRequest): Promise<string> {
  if (request.tenant !== '*') throw new AppError('BAD_REQUEST', { message: 'units are whole slices for now: tenant must be "*"' });
  await assertOwner(flow, databases.source, request);
  await assertOpened(flow, databases, request);
  await assertNoneOpen(flow, databases);
  const id = [flow.id, flow.mapping.slice, request.tenant, request.epoch, randomUUID()].join('|');
  const collections = tablesOf(flow).map(({ table }) => `public.${table[flow.source]}`);
  await databases.source.query(
    `insert into strangler.${identifier(signalTableOf(flow))} (id, type, data) values ($1, 'execute-snapshot', $2)`,
    [id, JSON.stringify({ type: 'incremental', 'data-collections': collections })],
  );
  return id;
}

async function assertOwner(flow: Flow, source: Pool, { tenant, epoch }: BackfillRequest): Promise<void> {
  const { rows } = await source.query<{ owner: string; epoch: bigint }>('select owner, epoch from strangler.fence_of($1, $2)', [
    flow.mapping.slice,
    tenant,
  ]);
  const fence = rows[0];
  if (fence?.owner !== 'here' || fence.epoch !== epoch)
    throw new AppError('MOVE_REFUSED', {
      message: `${flow.source} does not own ${flow.mapping.slice} under epoch ${epoch} (its fence: ${fence?.owner ?? 'none'}, epoch ${fence?.epoch ?? 'none'})`,
    });
}

/** The marker that opened the source under this epoch, if it wrote one, is applied: snapshot rows must not overtake it. */
async function assertOpened(flow: Flow, databases: { source: Pool; target: Pool }, { tenant, epoch }: BackfillRequest): Promise<void> {
  const params = [flow.id, flow.mapping.slice, tenant, epoch];
  const marked = await databases.source.query(
    'select from strangler.marker where flow = $1 and slice = $2 and tenant = $3 and epoch = $4',
    params,
  );
  if (marked.rows.length === 0) return;
  const applied = await databases.target.query(
    'select from strangler.marker_applied where flow = $1 and slice = $2 and tenant = $3 and epoch = $4',
    params,
  );
  if (applied.rows.length === 0)
    throw new AppError('MOVE_REFUSED', { message: `the marker of epoch ${epoch} is not applied yet: try again` });
}

async function assertNoneOpen(flow: Flow, databases: { source: Pool; target: Pool }): Promise<void> {
  const open = await databases.target.query<{ id: string }>(`select id from strangler.backfill where flow = $1 and state = 'open'`, [
    flow.id,
  ]);
  if (open.rows.length > 0) throw new AppError('MOVE_REFUSED', { message: `backfill ${open.rows[0]?.id} is still open` });
  // Sent, but not seen in the stream yet.
  const sent = await databases.source.query<{ id: string }>(
    `select id from strangler.${identifier(signalTableOf(flow))} where type = 'execute-snapshot'`,
  );
  const seen = await databases.target.query<{ id: string }>('select id from strangler.backfill where flow = $1', [flow.id]);
  const known = new Set(seen.rows.map((row) => row.id));
  const waiting = sent.rows.find((row) => !known.has(row.id));
  if (waiting !== undefined)
    throw new AppError('MOVE_REFUSED', { message: `backfill ${waiting.id} was asked for and is not under way yet` });
}

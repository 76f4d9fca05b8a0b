import { hash } from 'node:crypto';
import type { Side } from '@atlas/contracts/ledger';
import type { Queryable } from '@atlas/kit/postgres';
import type { FlowTable } from '../flows.ts';
import { identifier, publicTable } from '../schema/quote.ts';
import { type ColumnMapping, columnName, keyColumns } from '../slices/mapping.ts';
import type { RowChange } from './event.ts';

const rowsPerStatement = 2_000;

/** Tables of the target with a unique index besides their key: their rows are written one by one, in source order. */
export async function readOrderedTables(on: Queryable, entries: FlowTable[], target: Side): Promise<Set<string>> {
  const { rows } = await on.query<{ name: string }>(
    `select distinct c.relname as name from pg_index i join pg_class c on c.oid = i.indrelid
     where i.indisunique and not i.indisprimary and c.relnamespace = 'public'::regnamespace and c.relname = any ($1)`,
    [entries.map(({ table }) => table[target])],
  );
  return new Set(rows.map((row) => row.name));
}

/** Writes rows that have won, and the positions they stand at now. Rows of one table become one upsert and one delete: the last image of a key counts. */
export async function writeRows(tx: Queryable, changes: RowChange[], target: Side, orderedTables: Set<string>): Promise<void> {
  for (const [name, group] of byTable(changes, target)) {
    if (orderedTables.has(name)) for (const change of group) await writeOne(tx, [change], target);
    else await writeOne(tx, lastOfEachKey(group), target);
  }
  await writeVersions(tx, changes, target);
}

function byTable(changes: RowChange[], target: Side): Map<string, RowChange[]> {
  const groups = new Map<string, RowChange[]>();
  for (const change of changes) {
    const name = change.entry.table[target];
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [change]);
    else group.push(change);
  }
  return groups;
}

function lastOfEachKey(changes: RowChange[]): RowChange[] {
  return [...new Map(changes.map((change) => [change.pk, change])).values()];
}

/** All of one table. */
async function writeOne(tx: Queryable, changes: RowChange[], target: Side): Promise<void> {
  const entry = changes[0]?.entry;
  if (entry === undefined) return;
  for (const chunk of chunks(changes.filter((change) => change.kind === 'delete'))) await deleteRows(tx, entry, chunk, target);
  for (const chunk of chunks(changes.filter((change) => change.kind === 'upsert'))) await upsertRows(tx, entry, chunk, target);
}

async function upsertRows(tx: Queryable, entry: FlowTable, changes: RowChange[], target: Side): Promise<void> {
  const columns = entry.table.columns;
  const names = columns.map((column) => identifier(columnName(column, target)));
  const keys = keyColumns(entry.table);
  const isMarked = entry.kind === 'projection' && entry.table.onDelete === 'mark';
  const sets = columns
    .filter((column) => !keys.includes(column))
    .map((column) => `${nameOn(column, target)} = excluded.${nameOn(column, target)}`);
  if (isMarked) sets.push('deleted_at = null');
  await tx.query(
    `insert into ${publicTable(entry.table[target])} (${names.join(', ')})
     select ${columns.map((column, index) => `v.c${index}::${column.type}`).join(', ')}
     from unnest(${columns.map((_column, index) => `$${index + 1}::text[]`).join(', ')}) v(${columns.map((_column, index) => `c${index}`).join(', ')})
     on conflict (${keys.map((column) => nameOn(column, target)).join(', ')}) do ${sets.length === 0 ? 'nothing' : `update set ${sets.join(', ')}`}`,
    columns.map((_column, index) => changes.map((change) => change.values[index] ?? null)),
  );
}

async function deleteRows(tx: Queryable, entry: FlowTable, changes: RowChange[], target: Side): Promise<void> {
  const keys = keyColumns(entry.table);
  const from = `unnest(${[...keys, null].map((_key, index) => `$${index + 1}::text[]`).join(', ')}) v(${keys.map((_key, index) => `k${index}, `).join('')}at)`;
  const where = keys.map((column, index) => `t.${nameOn(column, target)} = v.k${index}::${column.type}`).join(' and ');
  const params = [...keys.map((_key, index) => changes.map((change) => change.key[index] ?? null)), changes.map((change) => change.at)];
  const table = publicTable(entry.table[target]);
  if (entry.kind === 'projection' && entry.table.onDelete === 'mark')
    await tx.query(`update ${table} t set deleted_at = v.at::timestamptz from ${from} where ${where} and t.deleted_at is null`, params);
  else await tx.query(`delete from ${table} t using ${from} where ${where}`, params);
}

/** A delete leaves a tombstone, also for a key that was never here: a late snapshot row must not bring it back. */
async function writeVersions(tx: Queryable, changes: RowChange[], target: Side): Promise<void> {
  const last = [...new Map(changes.map((change) => [`${change.entry.table[target]} ${change.pk}`, change])).values()];
  for (const chunk of chunks(last)) {
    await tx.query(
      `insert into strangler.row_version as r (table_name, pk, incarnation, commit_lsn, event_lsn, ord, deleted, tenant, hash)
       select * from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::boolean[], $8::text[], $9::text[])
       on conflict (table_name, pk) do update set incarnation = excluded.incarnation, commit_lsn = excluded.commit_lsn, event_lsn = excluded.event_lsn,
         ord = excluded.ord, deleted = excluded.deleted, tenant = excluded.tenant, hash = excluded.hash, applied_at = excluded.applied_at`,
      [
        chunk.map((change) => change.entry.table[target]),
        chunk.map((change) => change.pk),
        chunk.map((change) => change.position.incarnation),
        chunk.map((change) => change.position.commitLsn),
        chunk.map((change) => change.position.eventLsn),
        chunk.map((change) => change.position.ord),
        chunk.map((change) => change.kind === 'delete'),
        chunk.map((change) => change.tenant),
        chunk.map((change) => (change.kind === 'delete' ? null : hash('md5', JSON.stringify(change.values)))),
      ],
    );
  }
}

function nameOn(column: ColumnMapping, side: Side): string {
  return identifier(columnName(column, side));
}

function* chunks<T>(items: T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += rowsPerStatement) yield items.slice(start, start + rowsPerStatement);
}

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

/** All of one table. A projection that keeps deleted rows stores the last image of one as well: its insert may lie in the same batch. */
async function writeOne(tx: Queryable, changes: RowChange[], target: Side): Promise<void> {
  const entry = changes[0]?.entry;
  if (entry === undefined) return;
  const isStored = (change: RowChange) => change.kind === 'upsert' || (keepsDeleted(entry) && change.values.length > 0);
  for (const chunk of chunks(changes.filter((change) => !isStored(change)))) await deleteRows(tx, entry, chunk, target);
  for (const chunk of chunks(changes.filter(isStored))) await upsertRows(tx, entry, chunk, target);
}

function keepsDeleted(entry: FlowTable): boolean {
  return entry.kind === 'projection' && entry.table.onDelete === 'mark';
}

async function upsertRows(tx: Queryable, entry: FlowTable, changes: RowChange[], target: Side): Promise<void> {
  const keys = keyColumns(entry.table).map((column) => nameOn(column, target));
  const stored = entry.table.columns.map((column, index) => ({
    name: nameOn(column, target),
    type: column.type as string,
    texts: changes.map((change) => change.values[index] ?? null),
  }));
  if (keepsDeleted(entry))
    stored.push({ name: 'deleted_at', type: 'timestamptz', texts: changes.map((change) => (change.kind === 'delete' ? change.at : null)) });
  const sets = stored.filter(({ name }) => !keys.includes(name)).map(({ name }) => `${name} = excluded.${name}`);
  await tx.query(
    `insert into ${publicTable(entry.table[target])} (${stored.map(({ name }) => name).join(', ')})
     select ${stored.map(({ type }, index) => `v.c${index}::${type}`).join(', ')}
     from unnest(${stored.map((_column, index) => `$${index + 1}::text[]`).join(', ')}) v(${stored.map((_column, index) => `c${index}`).join(', ')})
     on conflict (${keys.join(', ')}) do ${sets.length === 0 ? 'nothing' : `update set ${sets.join(', ')}`}`,
    stored.map(({ texts }) => texts),
  );
}

async function deleteRows(tx: Queryable, entry: FlowTable, changes: RowChange[], target: Side): Promise<void> {
  const keys = keyColumns(entry.table);
  const params = keys.map((_key, index) => changes.map((change) => change.key[index] ?? null));
  const from = `unnest(${keys.map((_key, index) => `$${index + 1}::text[]`).join(', ')}) v(${keys.map((_key, index) => `k${index}`).join(', ')})`;
  const where = keys.map((column, index) => `t.${nameOn(column, target)} = v.k${index}::${column.type}`).join(' and ');
  const table = publicTable(entry.table[target]);
  if (keepsDeleted(entry))
    await tx.query(`update ${table} t set deleted_at = clock_timestamp() from ${from} where ${where} and t.deleted_at is null`, params);
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

import { AppError } from '@atlas/kit/errors';
import { type Flow, type FlowTable, signalTableOf, tablesOf } from '../flows.ts';
import { type ColumnMapping, columnName, keyColumns, type TableMapping, tenantColumn } from '../slices/mapping.ts';
import { type Position, snapshotOrd } from './position.ts';

/** One row to store or to delete at the target. `values` follow the mapping's columns (a delete's are its last, none for a repair); `pk` is the canonical key text. */
export type RowChange = {
  kind: 'upsert' | 'delete';
  entry: FlowTable;
  tenant: string;
  pk: string;
  key: string[];
  values: (string | null)[];
  position: Position;
  isSnapshot: boolean;
  /** When the source committed it, as ISO text. */
  at: string;
};

/** The source transaction an event belongs to. `isFirst`: the connector knows of no commit before it, which is legal only when a flow begins. */
export type Origin = { txId: string; position: Position; isFirst: boolean };

/** What one record of the stream says. A row event is one change, or two when it changed its key; a snapshot row has no origin. */
export type StreamEvent =
  | { kind: 'row'; origin: Origin | null; changes: RowChange[] }
  | { kind: 'begin'; txId: string }
  | { kind: 'end'; txId: string; eventCount: number }
  | { kind: 'marker'; origin: Origin; slice: string; tenant: string; epoch: bigint }
  | { kind: 'watermark'; origin: Origin; seq: bigint; position: string; at: string }
  | { kind: 'repair'; origin: Origin; slice: string; tenant: string; epoch: bigint; change: RowChange }
  | { kind: 'signal'; origin: Origin; id: string; type: string }
  | { kind: 'backfill-done'; id: string }
  | { kind: 'ignored'; origin: Origin | null };

/** The transaction a record belongs to; null for snapshot rows and notifications. */
export function txIdOf(event: StreamEvent): string | null {
  if ('txId' in event) return event.txId;
  return 'origin' in event ? (event.origin?.txId ?? null) : null;
}

/** Everything the parser must know of a flow. */
export type EventContext = {
  flow: Flow;
  incarnation: number;
  placeholder: string;
  tables: Map<string, FlowTable>;
};

export function eventContext(flow: Flow, incarnation: number, placeholder: string): EventContext {
  return { flow, incarnation, placeholder, tables: new Map(tablesOf(flow).map((entry) => [entry.table[flow.source], entry])) };
}

type Row = Record<string, unknown>;
type Source = { schema: string; table: string; txId: number | null; lsn: number | null; ts_ms: number; snapshot: string; sequence: string };
type Envelope = { op: string; before: Row | null; after: Row | null; source: Source; transaction: { total_order: number } | null };

/**
 * Parses one record's value. Throws what must stop the flow: TABLE_UNKNOWN, UNKNOWN_COLUMN, MISSING_COLUMN, PLACEHOLDER (the source's
 * replica identity was changed), FLOW_STOPPED (TRUNCATE, or a record nobody knows).
 */
export function parseEvent(context: EventContext, value: string): StreamEvent {
  const record = JSON.parse(value) as Record<string, unknown>;
  if (typeof record['status'] === 'string') return parseBoundary(record);
  if (typeof record['aggregate_type'] === 'string') return parseNotification(record);
  if (typeof record['op'] !== 'string' || typeof record['source'] !== 'object')
    throw new AppError('FLOW_STOPPED', { message: `a record of ${context.flow.id} is no change event: ${value.slice(0, 200)}` });
  const envelope = record as unknown as Envelope;
  return envelope.source.schema === 'strangler' ? parseControl(context, envelope) : parseRow(context, envelope);
}

function parseBoundary(record: Record<string, unknown>): StreamEvent {
  const txId = String(record['id']).split(':')[0] ?? '';
  return record['status'] === 'END' ? { kind: 'end', txId, eventCount: Number(record['event_count'] ?? 0) } : { kind: 'begin', txId };
}

function parseNotification(record: Record<string, unknown>): StreamEvent {
  const isDone = record['aggregate_type'] === 'Incremental Snapshot' && record['type'] === 'COMPLETED';
  return isDone ? { kind: 'backfill-done', id: String(record['id']) } : { kind: 'ignored', origin: null };
}

/** Control rows are never data. Only their insert (a tick: any write) means anything. */
function parseControl(context: EventContext, { op, after, source, transaction }: Envelope): StreamEvent {
  const position = positionOf(context, source, transaction);
  const origin = originOf(source, position);
  const ignored: StreamEvent = { kind: 'ignored', origin };
  if (after === null) return ignored;
  if (source.table === 'watermark')
    return { kind: 'watermark', origin, seq: BigInt(Number(after['seq'])), position: String(after['position']), at: String(after['at']) };
  if (op !== 'c') return ignored;
  if (source.table === signalTableOf(context.flow)) return { kind: 'signal', origin, id: String(after['id']), type: String(after['type']) };
  const unit = { slice: String(after['slice']), tenant: String(after['tenant']), epoch: BigInt(Number(after['epoch'])) };
  if (source.table === 'marker') return { kind: 'marker', origin, ...unit };
  if (source.table === 'repair') return { kind: 'repair', origin, ...unit, change: repairChange(context, after, source, position) };
  return ignored;
}

function repairChange(context: EventContext, after: Row, source: Source, position: Position): RowChange {
  const key = (JSON.parse(String(after['pk'])) as unknown[]).map(String);
  return {
    kind: 'delete',
    entry: tableOf(context, String(after['table_name'])),
    tenant: String(after['tenant']),
    pk: pkText(key),
    key,
    values: [],
    position,
    isSnapshot: false,
    at: new Date(source.ts_ms).toISOString(),
  };
}

function parseRow(context: EventContext, { op, before, after, source, transaction }: Envelope): StreamEvent {
  if (op === 't') throw new AppError('FLOW_STOPPED', { message: `${source.table} was truncated at the source, past the guard` });
  if (op === 'm') return { kind: 'ignored', origin: null };
  const entry = tableOf(context, source.table);
  const position = positionOf(context, source, transaction);
  const facts = { position, isSnapshot: source.snapshot === 'incremental', at: new Date(source.ts_ms).toISOString() };
  const was = before === null ? null : readRow(context, entry, before);
  const is = after === null ? null : readRow(context, entry, after);
  if (was === null && is === null)
    throw new AppError('PLACEHOLDER', { message: `a ${op} of ${source.table} carries no row: is its replica identity FULL?` });
  const changes: RowChange[] = [];
  if (was !== null && was.pk !== is?.pk) changes.push({ kind: 'delete', entry, ...facts, ...was });
  if (is !== null) changes.push({ kind: 'upsert', entry, ...facts, ...is });
  return { kind: 'row', origin: facts.isSnapshot ? null : originOf(source, position), changes };
}

function originOf(source: Source, position: Position): Origin {
  return { txId: String(source.txId), position, isFirst: position.commitLsn === 0n };
}

function tableOf(context: EventContext, name: string): FlowTable {
  const entry = context.tables.get(name);
  if (entry === undefined)
    throw new AppError('TABLE_UNKNOWN', { message: `${context.flow.id} carries table ${name}, which its mapping does not name` });
  return entry;
}

function positionOf(context: EventContext, source: Source, transaction: Envelope['transaction']): Position {
  const [commit, event] = JSON.parse(source.sequence) as [string | null, string | null];
  return {
    incarnation: context.incarnation,
    commitLsn: BigInt(commit ?? 0),
    eventLsn: BigInt(event ?? source.lsn ?? 0),
    ord: transaction === null ? snapshotOrd : BigInt(transaction.total_order),
  };
}

function readRow(
  { flow, placeholder }: EventContext,
  { table }: FlowTable,
  row: Row,
): { tenant: string; pk: string; key: string[]; values: (string | null)[] } {
  assertColumns(flow, table, row);
  const values = table.columns.map((column) => readValue(flow, table, column, row, placeholder));
  const of = (column: ColumnMapping) => values[table.columns.indexOf(column)] ?? '';
  const key = keyColumns(table).map(of);
  const tenant = of(tenantColumn(table));
  if (tenant === '' || key.includes(''))
    throw new AppError('PLACEHOLDER', {
      message: `a row of ${table[flow.source]} carries an empty key or tenant: set its replica identity back to FULL`,
    });
  return { tenant, pk: pkText(key), key, values };
}

function assertColumns(flow: Flow, table: TableMapping, row: Row): void {
  const known = new Set(table.columns.map((column) => columnName(column, flow.source)));
  const unknown = Object.keys(row).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new AppError('UNKNOWN_COLUMN', {
      message: `${table[flow.source]}.${unknown} is not in the mapping: add it there and at the target`,
    });
  const missing = [...known].find((name) => !(name in row));
  if (missing !== undefined)
    throw new AppError('MISSING_COLUMN', { message: `${table[flow.source]}.${missing} is mapped, but the event has no such column` });
}

function readValue(flow: Flow, table: TableMapping, column: ColumnMapping, row: Row, placeholder: string): string | null {
  const name = columnName(column, flow.source);
  const value = row[name] ?? null;
  if (value === placeholder)
    throw new AppError('PLACEHOLDER', {
      message: `${table[flow.source]}.${name} came without its value: set the table's replica identity back to FULL`,
    });
  if (typeof value === 'object' && value !== null)
    throw new AppError('UNKNOWN_COLUMN', { message: `${table[flow.source]}.${name} has a type the mapping does not list` });
  return value === null ? null : transformed(column, flow, String(value));
}

function transformed(column: ColumnMapping, flow: Flow, value: string): string {
  if (column.transform === 'true-or-null') return flow.source === 'legacy' ? 'true' : 'TRUE';
  return value;
}

/** The canonical text of a key: what `jsonb_build_array(…)::text` gives in SQL. */
export function pkText(key: string[]): string {
  return `[${key.map((part) => JSON.stringify(part)).join(', ')}]`;
}

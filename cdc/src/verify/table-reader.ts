import type { Side } from '@atlas/contracts/ledger';
import type { Queryable } from '@atlas/kit/postgres';
import type { FlowTable } from '../flows.ts';
import { identifier, publicTable } from '../schema/quote.ts';
import { type ColumnMapping, columnName, keyColumns } from '../slices/mapping.ts';

/** A function call takes at most 100 arguments. */
const columnsPerConcat = 30;

/** A row as verify sees it: its key and a hash of its canonical text, which is the same on both sides for equal rows. */
export type HashedRow = { pk: string; key: string[]; hash: string };

/** A row read to confirm a suspicion; `xmin` tells whether it was written since. */
export type VersionedRow = HashedRow & { xmin: string };

/** Count and two order-independent sums of 64-bit row hashes: equal sets of rows have equal digests. */
export type TableDigest = { rows: bigint; a: string; b: string };

/** Reads one table of a mapping on one side, after the column mapping: the same questions give comparable answers on both. */
export class TableReader {
  readonly name: string;
  readonly #entry: FlowTable;
  readonly #side: Side;
  readonly #on: Queryable;
  readonly #keys: ColumnMapping[];

  constructor(entry: FlowTable, side: Side, on: Queryable) {
    this.#entry = entry;
    this.#side = side;
    this.#on = on;
    this.#keys = keyColumns(entry.table);
    this.name = entry.table[side];
  }

  /** Rows in key order after `after`, at most `limit`. */
  async page(after: string[] | null, limit: number): Promise<HashedRow[]> {
    const where = this.#where(after === null ? [] : [`(${this.#orderedKeys()}) > (${this.#keyParams(1)})`]);
    const { rows } = await this.#on.query<HashedRow>(
      `select ${this.#selected()} from ${this.#table()} ${where} order by ${this.#orderedKeys()} limit ${limit}`,
      [...(after ?? [])],
    );
    return rows;
  }

  /** Rows of the key range (after, upTo]; null is open. */
  async range(after: string[] | null, upTo: string[] | null): Promise<HashedRow[]> {
    const params = [...(after ?? []), ...(upTo ?? [])];
    const bounds = [
      ...(after === null ? [] : [`(${this.#orderedKeys()}) > (${this.#keyParams(1)})`]),
      ...(upTo === null ? [] : [`(${this.#orderedKeys()}) <= (${this.#keyParams(1 + (after?.length ?? 0))})`]),
    ];
    const { rows } = await this.#on.query<HashedRow>(`select ${this.#selected()} from ${this.#table()} ${this.#where(bounds)}`, params);
    return rows;
  }

  /** The rows of given keys that exist, by key text. */
  async byKeys(keys: string[][]): Promise<Map<string, VersionedRow>> {
    const { rows } = await this.#on.query<VersionedRow>(
      `select ${this.#selected()}, t.xmin::text as xmin from unnest(${this.#keys.map((_key, index) => `$${index + 1}::text[]`).join(', ')}) v(${this.#keys.map((_key, index) => `k${index}`).join(', ')})
       join ${this.#table()} on ${this.#keys.map((column, index) => `t.${this.#name(column)} = v.k${index}::${column.type}`).join(' and ')} ${this.#where([])}`,
      this.#keys.map((_key, index) => keys.map((key) => key[index] ?? null)),
    );
    return new Map(rows.map((row) => [row.pk, row]));
  }

  /** The canonical column texts of one row, in the mapping's order; null when it does not exist. */
  async columns(key: string[]): Promise<(string | null)[] | null> {
    const where = this.#where(this.#keys.map((column, index) => `t.${this.#name(column)} = $${index + 1}::${column.type}`));
    const { rows } = await this.#on.query<{ texts: (string | null)[] }>(
      `select array[${this.#canonicalColumns().join(', ')}] as texts from ${this.#table()} ${where}`,
      [...key],
    );
    return rows[0]?.texts ?? null;
  }

  async count(): Promise<bigint> {
    const { rows } = await this.#on.query<{ count: bigint }>(`select count(*) as count from ${this.#table()} ${this.#where([])}`);
    return rows[0]?.count ?? 0n;
  }

  async digest(): Promise<TableDigest> {
    const { rows } = await this.#on.query<TableDigest>(
      `select count(*) as rows, coalesce(sum(hashtextextended(r.line, 0)::numeric), 0)::text as a, coalesce(sum(hashtextextended(r.line, 1)::numeric), 0)::text as b
       from (select ${this.#line()} as line from ${this.#table()} ${this.#where([])}) r`,
    );
    return rows[0] ?? { rows: 0n, a: '0', b: '0' };
  }

  #table(): string {
    return `${publicTable(this.name)} t`;
  }

  /** A row that a projection keeps of something deleted does not count. */
  #where(conditions: string[]): string {
    const isMarked = this.#entry.kind === 'projection' && this.#entry.table.onDelete === 'mark' && this.#side === 'extracted';
    const all = isMarked ? [...conditions, 't.deleted_at is null'] : conditions;
    return all.length === 0 ? '' : `where ${all.join(' and ')}`;
  }

  #selected(): string {
    const texts = this.#keys.map((column) => `t.${this.#name(column)}::text`).join(', ');
    return `jsonb_build_array(${texts})::text as pk, array[${texts}] as key, md5(${this.#line()}) as hash`;
  }

  /** Each column with its length in front, so that no two rows share a line; null has no length. (`row(…)::text` says the same, three times slower.) */
  #line(): string {
    const parts = this.#canonicalColumns().map((text) => `octet_length(${text}), ':', ${text}`);
    const groups = Array.from({ length: Math.ceil(parts.length / columnsPerConcat) }, (_group, index) =>
      parts.slice(index * columnsPerConcat, (index + 1) * columnsPerConcat),
    );
    const lines = groups.map((group) => `concat(${group.join(', ')})`);
    return lines.length === 1 ? (lines[0] ?? '') : `concat(${lines.join(', ')})`;
  }

  #canonicalColumns(): string[] {
    return this.#entry.table.columns.map((column) => canonicalText(column, `t.${this.#name(column)}`, this.#side));
  }

  /** Text sorts by bytes: databases may differ in collation. */
  #orderedKeys(): string {
    return this.#keys.map((column) => `t.${this.#name(column)}${column.type === 'text' ? ' collate "C"' : ''}`).join(', ');
  }

  #keyParams(first: number): string {
    return this.#keys.map((column, index) => `$${first + index}::${column.type}`).join(', ');
  }

  #name(column: ColumnMapping): string {
    return identifier(columnName(column, this.#side));
  }
}

/** A value as text that does not depend on the session: times as seconds since 1970, jsonb as PostgreSQL stores it. */
function canonicalText(column: ColumnMapping, expression: string, side: Side): string {
  if (column.transform === 'true-or-null' && side === 'legacy') return `case when ${expression} is null then null else 'true' end`;
  if (column.type === 'timestamptz') return `extract(epoch from ${expression})::text`;
  return `${expression}::text`;
}

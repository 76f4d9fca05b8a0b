import type { Side } from '@atlas/contracts/ledger';

/** The types a mapped column may have: those whose text is the same in an event, in SQL and on both sides. */
export type ColumnType = 'uuid' | 'text' | 'jsonb' | 'boolean' | 'integer' | 'timestamptz';

/** How a source value becomes the target's: unchanged, or the legacy's one-valued enum `BooleanTrue` (`'TRUE'` or null) as a boolean. */
export type Transform = 'same' | 'true-or-null';

/** One column under its two names; `type` is the extracted side's. */
export type ColumnMapping = { legacy: string; extracted: string; type: ColumnType; transform: Transform };

/** A table of the slice, replicated both ways. `key` and `tenant` are names of the extracted side; the key's order is that of `pk`. */
export type TableMapping = { legacy: string; extracted: string; key: string[]; tenant: string; columns: ColumnMapping[] };

/**
 * A read-only copy the service keeps of a neighbour's table, filled by flow F. `tenant` is the column whose value parking goes by.
 * `onDelete`: `mark` sets deleted_at and keeps the row, `remove` deletes it.
 */
export type ProjectionMapping = TableMapping & { onDelete: 'mark' | 'remove' };

/** Everything cdc knows about a slice. */
export type SliceMapping = { slice: string; tables: TableMapping[]; reads: ProjectionMapping[] };

export const sides = ['legacy', 'extracted'] as const satisfies readonly Side[];

export function otherSide(side: Side): Side {
  return side === 'legacy' ? 'extracted' : 'legacy';
}

/** `['tenancyId uuid', …]` as columns with the same name in snake_case on the extracted side. */
export function columns(...specs: `${string} ${ColumnType}`[]): ColumnMapping[] {
  return specs.map((spec) => {
    const [legacy = '', type] = spec.split(' ') as [string, ColumnType];
    return { legacy, extracted: snakeCase(legacy), type, transform: 'same' };
  });
}

/** A column that is `'TRUE'` or null in the legacy and a nullable boolean in the service. */
export function trueOrNull(legacy: string): ColumnMapping {
  return { legacy, extracted: snakeCase(legacy), type: 'boolean', transform: 'true-or-null' };
}

/** The name a column has on a side. */
export function columnName(column: ColumnMapping, side: Side): string {
  return side === 'legacy' ? column.legacy : column.extracted;
}

/** The key's columns in the mapping's order. Throws when the mapping names a column it does not have (a programmer's mistake). */
export function keyColumns(table: TableMapping): ColumnMapping[] {
  return table.key.map((name) => columnOf(table, name));
}

export function tenantColumn(table: TableMapping): ColumnMapping {
  return columnOf(table, table.tenant);
}

function columnOf(table: TableMapping, extracted: string): ColumnMapping {
  const found = table.columns.find((column) => column.extracted === extracted);
  if (found === undefined) throw new Error(`the mapping of ${table.extracted} has no column ${extracted}`);
  return found;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

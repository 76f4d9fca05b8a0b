import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Side } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { type Flow, flowsOf, publicationOf, signalTableOf, tablesOf } from '../flows.ts';
import { columnName, keyColumns, type SliceMapping, type TableMapping, tenantColumn } from '../slices/mapping.ts';
import { identifier, literal, publicTable } from './quote.ts';

const folder = new URL('../../sql/', import.meta.url);

/** One step of the strangler schema: a file of `cdc/sql` with its names filled in. */
export type SchemaStep = { name: string; sql: string };

/** All steps for one slice on one side, in order. Each may run again. */
export async function schemaSteps(mapping: SliceMapping, side: Side): Promise<SchemaStep[]> {
  const [f, r] = flowsOf(mapping);
  const [source, target] = side === 'legacy' ? [f, r] : [r, f];
  const placeholder = literal(`__unavailable_${randomBytes(32).toString('hex')}`);
  return [
    await step('001-schema', { side: literal(side), placeholder }),
    ...(await Promise.all(mapping.tables.map((table) => sliceTableStep(mapping.slice, table, side)))),
    await sourceStep(source, side),
    await targetStep(target, side),
    await step('005-grants', {}),
    await step('006-fence', { slice: literal(mapping.slice), owner: literal(side === 'legacy' ? 'here' : 'none') }),
  ];
}

function sliceTableStep(slice: string, table: TableMapping, side: Side): Promise<SchemaStep> {
  const name = table[side];
  const key = keyColumns(table).map((column) => `r.${identifier(columnName(column, side))}::text`);
  return step(
    '002-slice-table',
    {
      slice: literal(slice),
      table: publicTable(name),
      table_name: literal(name),
      tenant: identifier(columnName(tenantColumn(table), side)),
      pk_columns: key.join(', '),
      guard_function: `strangler.${identifier(`guard_${name}`)}`,
      touched_function: `strangler.${identifier(`touched_${name}`)}`,
    },
    name,
  );
}

function sourceStep(flow: Flow, side: Side): Promise<SchemaStep> {
  const names = tablesOf(flow).map(({ table }) => publicTable(table[side]));
  return step('003-source', {
    flow: literal(flow.id),
    publication: identifier(publicationOf(flow)),
    publication_literal: literal(publicationOf(flow)),
    signal_table: `strangler.${identifier(signalTableOf(flow))}`,
    published_tables: names.join(', '),
    published_tables_literal: names.map(literal).join(', '),
  });
}

function targetStep(flow: Flow, side: Side): Promise<SchemaStep> {
  const names = tablesOf(flow).map(({ table }) => publicTable(table[side]));
  return step('004-target', { flow: literal(flow.id), target_tables: names.join(', ') });
}

async function step(file: string, names: Record<string, string>, suffix?: string): Promise<SchemaStep> {
  const template = await readFile(new URL(`${file}.sql`, folder), 'utf8');
  const sql = template.replaceAll(/\{\{(\w+)\}\}/g, (_match, name: string) => {
    const value = names[name];
    if (value === undefined) throw new AppError('INTERNAL', { message: `${file}.sql names {{${name}}}, which nobody fills in` });
    return value;
  });
  return { name: suffix === undefined ? file : `${file} ${suffix}`, sql };
}

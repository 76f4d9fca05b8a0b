import { readFile } from 'node:fs/promises';
import { AppError } from '@atlas/kit/errors';
import type { FlowTable } from '../flows.ts';
import { connectorOf, type Flow, publicationOf, signalTableOf, tablesOf, topicOf } from '../flows.ts';
import { columnName } from '../slices/mapping.ts';

const template = new URL('../../connectors/postgres.json', import.meta.url);

/** What Kafka Connect is asked to run: a flat map of text. */
export type ConnectorConfig = Record<string, string>;

/** The source a connector reads, as Connect sees it: host and port of the data database's URL, and what `cdc migrate` stored there. */
export type ConnectorSource = { databaseUrl: string; password: string; placeholder: string };

/** The settings of one flow's connector: `connectors/postgres.json` with the flow's names filled in. */
export async function connectorConfig(flow: Flow, incarnation: number, source: ConnectorSource): Promise<ConnectorConfig> {
  const database = new URL(source.databaseUrl);
  const names: Record<string, string> = {
    host: database.hostname,
    port: database.port === '' ? '5432' : database.port,
    database: database.pathname.slice(1),
    password: source.password,
    placeholder: source.placeholder,
    connector: connectorOf(flow, incarnation),
    publication: publicationOf(flow),
    signalTable: signalTableOf(flow),
    topic: topicOf(flow, incarnation),
    tables: includedTables(flow).join(','),
    excludedColumns: excludedColumns(flow).join(','),
  };
  return fillIn(JSON.parse(await readFile(template, 'utf8')) as ConnectorConfig, names);
}

/** The tables that are published, as Debezium's regular expressions. */
function includedTables(flow: Flow): string[] {
  const own = tablesOf(flow).map(({ table }) => `public\\.${table[flow.source]}`);
  return [...own, 'strangler\\.marker', 'strangler\\.watermark', 'strangler\\.repair', `strangler\\.${signalTableOf(flow)}`];
}

/**
 * Of a projection's source only the mapped columns leave the database: hashes, secrets and whatever a later migration adds stay there.
 * (A publication's column list would not do: the snapshot's select ignores it.) Tables of the slice go whole: a column nobody mapped stops the flow.
 */
function excludedColumns(flow: Flow): string[] {
  const projections = tablesOf(flow).filter((entry: FlowTable) => entry.kind === 'projection');
  return projections.map(({ table }) => {
    const names = table.columns.map((column) => columnName(column, flow.source));
    return `public\\.${table[flow.source]}\\.(?!(?:${names.join('|')})$).*`;
  });
}

function fillIn(config: ConnectorConfig, names: Record<string, string>): ConnectorConfig {
  const entries = Object.entries(config).map(([key, text]) => {
    const value = text.replaceAll(/\{\{(\w+)\}\}/g, (_match, name: string) => {
      const found = names[name];
      if (found === undefined)
        throw new AppError('INTERNAL', { message: `connectors/postgres.json names {{${name}}}, which nobody fills in` });
      return found;
    });
    return [key, value] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

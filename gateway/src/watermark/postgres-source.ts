import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { createPool } from '@atlas/kit/postgres';
import { parseLsn } from './lsn.ts';
import type { Applied, PositionSource } from './positions.ts';

const answerMsMax = 300;
const connectionsMax = 3;

/** Reads positions of one slice through `strangler.*` in both databases (role strangler_reader), each answer within 300 ms. Close it when done. */
export function createPostgresSource(options: {
  slice: string;
  legacyUrl: string;
  extractedUrl: string;
  log: Logger;
}): PositionSource & { close(): Promise<void> } {
  const settings = { max: connectionsMax, name: 'gateway positions', log: options.log, statementTimeoutMs: answerMsMax };
  const legacy = createPool(options.legacyUrl, settings);
  const extracted = createPool(options.extractedUrl, settings);
  const flow = `f.${options.slice}`;
  return {
    async position() {
      const { rows } = await inTime(legacy.query<{ lsn: string }>('select strangler.position() as lsn'));
      return parseLsn(only(rows).lsn);
    },
    async applied(): Promise<Applied> {
      const { rows } = await inTime(
        extracted.query<{ incarnation: number; applied_lsn: string | null; blocked: number }>(
          'select incarnation, applied_lsn, blocked from strangler.applied($1)',
          [flow],
        ),
      );
      const row = only(rows);
      return {
        incarnation: Number(row.incarnation),
        lsn: row.applied_lsn === null ? -1n : parseLsn(row.applied_lsn),
        blockedTenants: Number(row.blocked),
      };
    },
    async close() {
      await Promise.all([legacy.end(), extracted.end()]);
    },
  };
}

function only<Row>(rows: Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new AppError('UNAVAILABLE', { message: 'no position' });
  return row;
}

function inTime<T>(query: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError('UNAVAILABLE', { message: `no position within ${answerMsMax} ms` })), answerMsMax);
  });
  return Promise.race([query, late]).finally(() => clearTimeout(timer));
}

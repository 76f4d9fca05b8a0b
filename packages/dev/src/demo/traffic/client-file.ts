import { closeSync, openSync, writeSync } from 'node:fs';
import type { ClientRecord } from '../../audit/records.ts';
import { noCounts } from './settings.ts';

/** A client's own record of what it was told: one JSON line each, on disk before anything else happens. */
export class ClientFile {
  readonly #file: number;
  readonly #client: string;
  readonly counts = noCounts();

  constructor(path: string, client: string) {
    this.#file = openSync(path, 'a');
    this.#client = client;
  }

  write(record: Unsigned<ClientRecord>): void {
    const line = { ...record, client: this.#client, at: Date.now() } as ClientRecord;
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#count(line);
  }

  close(): void {
    closeSync(this.#file);
  }

  #count(record: ClientRecord): void {
    const { counts } = this;
    if (record.type === 'request') {
      counts.requests += 1;
      counts.failed += record.expected ? 0 : 1;
      counts.slowestMs = Math.max(counts.slowestMs, Math.round(record.ms));
    }
    if (record.type === 'mail' && record.outcome === 'ok') counts.acknowledgedMails += 1;
    if (record.type === 'preference' && record.outcome === 'ok') counts.acknowledgedPreferences += 1;
    if (['sign-up', 'invitation', 'team', 'deletion'].includes(record.type) && 'outcome' in record && record.outcome === 'ok')
      counts.acknowledgedOthers += 1;
    if (record.type === 'read-back' && record.seen !== record.expected) counts.stale += 1;
  }
}

type Unsigned<Record> = Record extends unknown ? Omit<Record, 'client' | 'at'> : never;

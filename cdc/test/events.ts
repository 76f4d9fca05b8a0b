import { type Flow, signalTableOf } from '../src/flows.ts';

type Row = Record<string, unknown>;
type Event = { table: string; schema?: string; op: 'c' | 'u' | 'd' | 'r' | 't'; before?: Row | null; after?: Row | null };

/** Writes records as Debezium 3.7.0 does: transactions with BEGIN and END, growing positions, snapshot rows without either. */
export class EventWriter {
  readonly #flow: Flow;
  #lsn = 1_000;
  #commitLsn: number | null = null;
  #txId = 700;
  #tick = 0;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** One source transaction. */
  transaction(...events: Event[]): unknown[] {
    this.#txId += 1;
    const txId = this.#txId;
    const begin = { status: 'BEGIN', id: `${txId}:${this.#lsn}`, event_count: null };
    const rows = events.map((event, index) => this.#event(event, txId, index + 1));
    const end = { status: 'END', id: `${txId}:${this.#lsn}`, event_count: events.length };
    this.#lsn += 8;
    this.#commitLsn = this.#lsn;
    return [begin, ...rows, end];
  }

  snapshotRow(table: string, after: Row): unknown {
    const position = String(this.#commitLsn ?? this.#lsn);
    return this.#envelope(
      { table, op: 'r', after },
      { sequence: [position, position], txId: null, lsn: null, snapshot: 'incremental', order: null },
    );
  }

  marker(epoch: number, tenant = '*', slice = 'notifications'): unknown[] {
    return this.transaction({
      schema: 'strangler',
      table: 'marker',
      op: 'c',
      after: { flow: this.#flow.id, id: epoch, slice, tenant, epoch, at: new Date().toISOString() },
    });
  }

  tick(seq = this.#tick + 1): unknown[] {
    this.#tick = seq;
    const position = `0/${(this.#lsn - 1).toString(16).toUpperCase()}`;
    return this.transaction({
      schema: 'strangler',
      table: 'watermark',
      op: 'u',
      after: { flow: this.#flow.id, seq, position, at: new Date().toISOString() },
    });
  }

  backfillSignal(epoch: number, id = `${this.#flow.id}|notifications|*|${epoch}|test-${epoch}`): unknown[] {
    return this.transaction({
      schema: 'strangler',
      table: signalTableOf(this.#flow),
      op: 'c',
      after: { id, type: 'execute-snapshot', data: '{}' },
    });
  }

  backfillDone(epoch: number): unknown {
    return { id: `${this.#flow.id}|notifications|*|${epoch}|test-${epoch}`, type: 'COMPLETED', aggregate_type: 'Incremental Snapshot' };
  }

  repair(epoch: number, table: string, key: string[]): unknown[] {
    const pk = `[${key.map((part) => JSON.stringify(part)).join(', ')}]`;
    return this.transaction({
      schema: 'strangler',
      table: 'repair',
      op: 'c',
      after: { flow: this.#flow.id, id: 1, slice: 'notifications', tenant: key[0], epoch, table_name: table, pk },
    });
  }

  /** What a connector sends that has lost its offsets: no commit before the event. */
  forgetsOffsets(): void {
    this.#commitLsn = null;
  }

  #event(event: Event, txId: number, order: number): unknown {
    this.#lsn += 8;
    const lsn = this.#lsn;
    const commit = this.#commitLsn === null ? null : String(this.#commitLsn);
    return this.#envelope(event, { sequence: [commit, String(lsn)], txId, lsn, snapshot: 'false', order });
  }

  #envelope(
    event: Event,
    at: { sequence: (string | null)[]; txId: number | null; lsn: number | null; snapshot: string; order: number | null },
  ): unknown {
    return {
      before: event.before ?? null,
      after: event.after ?? null,
      source: {
        schema: event.schema ?? 'public',
        table: event.table,
        txId: at.txId,
        lsn: at.lsn,
        ts_ms: 1_795_500_000_000,
        snapshot: at.snapshot,
        sequence: JSON.stringify(at.sequence),
        origin: null,
      },
      transaction: at.order === null ? null : { id: `${at.txId}:${at.lsn}`, total_order: at.order, data_collection_order: at.order },
      op: event.op,
    };
  }
}

/** A row of the legacy's `UserNotificationPreference` as an event carries it. */
export function preference(tenant: string, user: string, enabled: boolean, more: Row = {}): Row {
  return {
    tenancyId: tenant,
    projectUserId: user,
    notificationCategoryId: '7bb82d33-2f54-4a3d-9d23-82739e0d66ef',
    enabled,
    updatedAt: '2026-11-24T07:00:00.123Z',
    ...more,
  };
}

/** A row of the legacy's `EmailOutbox`. */
export function mail(tenant: string, id: string, more: Row = {}): Row {
  return {
    tenancyId: tenant,
    id,
    createdAt: '2026-11-24T07:00:00.123Z',
    updatedAt: '2026-11-24T07:00:00.123Z',
    recipient: '{"type": "custom-emails", "emails": ["a@example.com"]}',
    source: '<p>Hi ✓</p>',
    themeId: null,
    variables: '{}',
    createdWith: 'programmatic-call',
    templateId: null,
    subject: 'Hi',
    html: null,
    text: null,
    isTransactional: true,
    isHighPriority: false,
    notificationCategoryId: null,
    scheduledAt: '2026-11-24T07:00:00Z',
    isPaused: false,
    cancelledAt: null,
    renderedAt: null,
    startedSendingAt: null,
    finishedSendingAt: null,
    sendRetries: 0,
    nextSendRetryAt: null,
    sendErrors: null,
    skippedReason: null,
    skippedDetails: null,
    outcome: null,
    ...more,
  };
}

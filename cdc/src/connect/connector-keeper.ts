import { AppError, errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { Pool } from '@atlas/kit/postgres';
import { connectorOf, type Flow, topicOf } from '../flows.ts';
import { ensureTopics, hasTopic, type KafkaCluster } from '../stream/kafka.ts';
import type { ConnectClient } from './client.ts';
import { connectorConfig } from './connector.ts';

const checkIntervalMs = 1_000;
const restartIntervalMs = 5_000;

/** What the keeper last saw of a flow's source end. `problem` is empty when connector and slot are well. */
export type SourceHealth = {
  connector: { state: string; version: string; restartedAt: string | null };
  slot: { active: boolean; walStatus: string | null };
  problem: string;
  /** Set when changes are lost for good; nothing is started any more until an operator raises the incarnation. */
  gap: AppError | null;
};

export type ConnectorKeeperOptions = {
  flow: Flow;
  source: Pool;
  target: Pool;
  sourceUrl: string;
  sourcePassword: string;
  kafka: KafkaCluster;
  connect: ConnectClient;
  log: Logger;
};

/**
 * Keeps one flow's topics, slot and connector there and running: makes what is missing, restarts what failed, says what is wrong.
 * A slot or topic that vanished after something was applied is a STREAM_GAP: making it anew would hide lost changes.
 */
export class ConnectorKeeper {
  readonly #options: ConnectorKeeperOptions;
  #health: SourceHealth = {
    connector: { state: 'UNKNOWN', version: '', restartedAt: null },
    slot: { active: false, walStatus: null },
    problem: 'not looked at yet',
    gap: null,
  };
  #ensured: number | null = null;
  #topicsOf: number | null = null;
  #slotPid: number | null = null;
  #restartedTaskAt = 0;
  #isClosing = false;
  #running: Promise<void> | null = null;

  constructor(options: ConnectorKeeperOptions) {
    this.#options = options;
  }

  get health(): SourceHealth {
    return this.#health;
  }

  /** Whether an incarnation's topics are there: a reader that came first would have the broker make them with its own settings. */
  hasTopics(incarnation: number): boolean {
    return this.#topicsOf === incarnation;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      try {
        await this.#check();
      } catch (error) {
        this.#complain(error);
      }
      await new Promise((resolve) => setTimeout(resolve, checkIntervalMs));
    }
  }

  async #check(): Promise<void> {
    const progress = await this.#readProgress();
    if (this.#ensured !== progress.incarnation) {
      await this.#ensure(progress);
      this.#ensured = progress.incarnation;
    }
    const name = connectorOf(this.#options.flow, progress.incarnation);
    const slot = await this.#readSlot(name);
    if (slot === null && progress.hasApplied) throw this.#gap(`replication slot ${name} is gone`);
    if (slot?.walStatus === 'lost') throw this.#gap(`replication slot ${name} lost its WAL`);
    await this.#noteRestart(slot?.pid ?? null);
    const status = await this.#options.connect.status(name);
    if (status.state === 'MISSING') this.#ensured = null;
    if (status.state === 'FAILED') await this.#restart(name, status.trace);
    this.#health = {
      connector: { ...this.#health.connector, state: status.state, version: status.version },
      slot: { active: slot?.pid != null, walStatus: slot?.walStatus ?? null },
      problem: problemOf(name, status.state, slot),
      gap: null,
    };
  }

  /** Topics first (one partition, no expiry), then the connector, and only where that is no gap. */
  async #ensure(progress: { incarnation: number; hasApplied: boolean }): Promise<void> {
    const { flow, kafka, connect, sourceUrl, sourcePassword, log } = this.#options;
    const name = connectorOf(flow, progress.incarnation);
    const topic = topicOf(flow, progress.incarnation);
    if (progress.hasApplied && !(await hasTopic(kafka, topic))) throw this.#gap(`topic ${topic} is gone`);
    await ensureTopics(kafka, [topic, `__debezium-heartbeat.${name}`]);
    this.#topicsOf = progress.incarnation;
    if (progress.hasApplied && (await this.#readSlot(name)) === null) throw this.#gap(`replication slot ${name} is gone`);
    const wanted = await connectorConfig(flow, progress.incarnation, {
      databaseUrl: sourceUrl,
      password: sourcePassword,
      placeholder: await readPlaceholder(this.#options.source),
    });
    const present = await connect.config(name);
    if (present !== null && isSame(present, { ...wanted, name })) return;
    await connect.put(name, wanted);
    log.info({ flow: flow.id, connector: name }, present === null ? 'connector created' : 'connector changed');
  }

  async #readProgress(): Promise<{ incarnation: number; hasApplied: boolean }> {
    const { rows } = await this.#options.target.query<{ incarnation: number; next_offset: bigint }>(
      'select incarnation, next_offset from strangler.apply_progress where flow = $1',
      [this.#options.flow.id],
    );
    const row = rows[0];
    if (row === undefined)
      throw new AppError('CONFIG_INVALID', { message: `the target has no progress row of ${this.#options.flow.id}: run \`cdc migrate\`` });
    return { incarnation: row.incarnation, hasApplied: row.next_offset > 0n };
  }

  async #readSlot(name: string): Promise<{ pid: number | null; walStatus: string | null } | null> {
    const { rows } = await this.#options.source.query<{ active_pid: number | null; wal_status: string | null }>(
      'select active_pid, wal_status from pg_replication_slots where slot_name = $1',
      [name],
    );
    const row = rows[0];
    return row === undefined ? null : { pid: row.active_pid, walStatus: row.wal_status };
  }

  /** Another backend on the slot: the connector has restarted, so a restart check is due. */
  async #noteRestart(pid: number | null): Promise<void> {
    if (pid === null || pid === this.#slotPid) return;
    const isRestart = this.#slotPid !== null;
    this.#slotPid = pid;
    if (!isRestart) return;
    this.#health.connector.restartedAt = new Date().toISOString();
    await this.#options.target.query('update strangler.apply_progress set restarted_at = clock_timestamp() where flow = $1', [
      this.#options.flow.id,
    ]);
    this.#options.log.warn({ flow: this.#options.flow.id }, 'the connector has restarted: a restart check is due');
  }

  async #restart(name: string, trace: string | null): Promise<void> {
    if (Date.now() - this.#restartedTaskAt < restartIntervalMs) return;
    this.#restartedTaskAt = Date.now();
    this.#options.log.error({ flow: this.#options.flow.id, trace: trace?.slice(0, 2_000) }, 'the connector failed; starting it again');
    await this.#options.connect.restartFailed(name);
  }

  #complain(error: unknown): void {
    const text = errorText(error);
    if (text !== this.#health.problem) this.#options.log.warn({ flow: this.#options.flow.id, error: text }, 'source end not well');
    const gap = error instanceof AppError && error.code === 'STREAM_GAP' ? error : null;
    this.#health = { ...this.#health, connector: { ...this.#health.connector, state: 'UNKNOWN' }, problem: text, gap };
  }

  #gap(what: string): AppError {
    const { flow } = this.#options;
    return new AppError('STREAM_GAP', { message: `${what} although changes of it were applied; run \`cdc reseed --flow ${flow.id}\`` });
  }
}

/** The text that stands for a missing value; made by `cdc migrate`, one per database. */
export async function readPlaceholder(source: Pool): Promise<string> {
  const { rows } = await source.query<{ placeholder: string }>('select placeholder from strangler.setting');
  const placeholder = rows[0]?.placeholder;
  if (placeholder === undefined)
    throw new AppError('CONFIG_INVALID', { message: 'the source has no strangler.setting: run `cdc migrate`' });
  return placeholder;
}

function problemOf(name: string, state: string, slot: { pid: number | null } | null): string {
  if (state !== 'RUNNING') return `connector ${name} is ${state}`;
  return slot?.pid == null ? `nobody reads replication slot ${name}` : '';
}

function isSame(present: Record<string, string>, wanted: Record<string, string>): boolean {
  const names = new Set([...Object.keys(present), ...Object.keys(wanted)]);
  return [...names].every((name) => present[name] === wanted[name]);
}

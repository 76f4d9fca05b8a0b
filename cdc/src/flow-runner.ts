import type { FlowStatus, ParkedEvent } from '@atlas/contracts/flow';
import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { Pool } from '@atlas/kit/postgres';
import { Applier } from './apply/applier.ts';
import { Mutants } from './apply/mutants.ts';
import { type BackfillRequest, startBackfill } from './backfill/backfill.ts';
import type { ConnectClient } from './connect/client.ts';
import { ConnectorKeeper, readPlaceholder } from './connect/connector-keeper.ts';
import { readFlowStatus } from './flow-status.ts';
import { type Flow, topicOf } from './flows.ts';
import { LagWindow } from './lag.ts';
import { type KafkaCluster, KafkaEventStream } from './stream/kafka.ts';
import { Ticker } from './ticker.ts';

const lagSampleMs = 100;
const parkedShown = 500;

export type FlowRunnerOptions = {
  flow: Flow;
  source: Pool;
  target: Pool;
  sourceUrl: string;
  targetUrl: string;
  sourcePassword: string;
  kafka: KafkaCluster;
  connect: ConnectClient;
  holder: string;
  hasMutants: boolean;
  lagMsMax: number;
  clock: () => number;
  log: Logger;
};

/** Everything that one flow needs to run: its connector kept up, its ticks, its applier. */
export class FlowRunner {
  readonly flow: Flow;
  readonly #options: FlowRunnerOptions;
  readonly #keeper: ConnectorKeeper;
  readonly #ticker: Ticker;
  readonly #applier: Applier;
  readonly #lags: LagWindow;
  #placeholder: string | null = null;
  #sampler: NodeJS.Timeout | null = null;
  #hasCaughtUp = false;
  #backfill: Promise<unknown> = Promise.resolve();

  constructor(options: FlowRunnerOptions) {
    this.flow = options.flow;
    this.#options = options;
    this.#lags = new LagWindow(options.clock);
    this.#keeper = new ConnectorKeeper(options);
    this.#ticker = new Ticker(options.flow, options.source, options.log);
    this.#applier = new Applier({
      ...options,
      databaseUrl: options.targetUrl,
      openStream: (incarnation) => this.#openStream(incarnation),
      readPlaceholder: async () => (this.#placeholder ??= await readPlaceholder(options.source)),
      mutants: options.hasMutants ? new Mutants(options.flow.target) : null,
    });
  }

  start(): void {
    this.#keeper.start();
    this.#ticker.start();
    this.#applier.start();
    this.#sampler = setInterval(() => this.#sampleLag(), lagSampleMs);
  }

  async stop(): Promise<void> {
    if (this.#sampler !== null) clearInterval(this.#sampler);
    await Promise.all([this.#applier.stop(), this.#ticker.stop(), this.#keeper.stop()]);
  }

  status(): Promise<FlowStatus> {
    return readFlowStatus(this.flow, this.#options.target, {
      state: this.#applier.state,
      health: this.#keeper.health,
      lagMsP99: this.#lags.p99(),
      isInsideSplit: this.#applier.isInsideSplit,
      lagMsMax: this.#options.lagMsMax,
    });
  }

  /** One at a time, so that two requests cannot both find none open. */
  backfill(request: BackfillRequest): Promise<string> {
    const started = this.#backfill.then(() => startBackfill(this.flow, this.#options, request));
    this.#backfill = started.catch(() => {});
    return started;
  }

  async parked(): Promise<ParkedEvent[]> {
    const { rows } = await this.#options.target.query<{
      tenant: string;
      seq: bigint;
      table_name: string;
      pk: string;
      error: string;
      parked_at: Date;
    }>(`select tenant, seq, table_name, pk, error, parked_at from strangler.parked where flow = $1 order by seq limit ${parkedShown}`, [
      this.flow.id,
    ]);
    return rows.map((row) => ({
      flow: this.flow.id,
      tenant: row.tenant,
      seq: Number(row.seq),
      table: row.table_name,
      pk: row.pk,
      error: row.error,
      parkedAt: row.parked_at.toISOString(),
    }));
  }

  async replay(tenant: string): Promise<{ replayed: number; left: number }> {
    const result = await this.#applier.replay(tenant);
    this.#options.log.info({ flow: this.flow.id, tenant, ...result }, 'parked events replayed');
    return result;
  }

  resume(): void {
    if (this.#keeper.health.gap !== null) throw this.#keeper.health.gap;
    this.#applier.resume();
  }

  #openStream(incarnation: number): KafkaEventStream {
    const topic = topicOf(this.flow, incarnation);
    if (!this.#keeper.hasTopics(incarnation)) throw new AppError('UNAVAILABLE', { message: `topic ${topic} is not there yet` });
    return new KafkaEventStream(this.#options.kafka, topic);
  }

  #sampleLag(): void {
    const { watermarkAt } = this.#applier;
    if (watermarkAt === null) return;
    const lagMs = Math.max(0, this.#options.clock() - watermarkAt);
    // A start is no stall: what piled up while nothing ran is worked off first, and the restart check answers for it.
    this.#hasCaughtUp ||= lagMs <= this.#options.lagMsMax;
    if (this.#hasCaughtUp) this.#lags.add(lagMs);
  }
}

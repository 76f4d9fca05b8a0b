import { createHash, randomUUID } from 'node:crypto';
import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { type Consumer, Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { EventStream, StreamBounds, StreamRecord } from './stream.ts';

const fetchWaitMs = 50;
const fetchBytesMax = 8 * 1024 * 1024;
/** Records waiting to be applied; a full buffer holds back the next fetch. */
const bufferedRecordsMax = 20_000;
const firstRecordWaitMs = 10_000;

/** The cluster, as far as others hand it around. */
export type KafkaCluster = Kafka;

/** A client of the cluster; its own log goes to ours. */
export function createKafka(brokers: string[], log: Logger): Kafka {
  return new Kafka({
    clientId: 'atlas-cdc',
    brokers,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: { retries: 3, initialRetryTime: 200, maxRetryTime: 2_000 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logEntry(log, entry),
  });
}

/** Topics of one flow, made beforehand: one partition keeps source order, nothing expires before it is applied, a row of 1 MiB fits with its before-image. */
export async function ensureTopics(kafka: Kafka, topics: string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length === 0) return;
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((topic) => ({
        topic,
        numPartitions: 1,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: '-1' },
          { name: 'max.message.bytes', value: String(20 * 1024 * 1024) },
        ],
      })),
    });
  } finally {
    await admin.disconnect();
  }
}

/** Whether a topic is there. */
export async function hasTopic(kafka: Kafka, topic: string): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return (await admin.listTopics()).includes(topic);
  } finally {
    await admin.disconnect();
  }
}

/**
 * A flow's topic on Kafka. kafkajs knows groups only: each opening is a group of its own, so that a killed predecessor, which the broker
 * believes alive for 30 s, cannot hold the partition. Where to read is the target database's business; nothing is committed to Kafka.
 */
export class KafkaEventStream implements EventStream {
  readonly #kafka: Kafka;
  readonly #topic: string;
  #reader: PartitionReader | null = null;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  async bounds(): Promise<StreamBounds> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const offsets = (await admin.fetchTopicOffsets(this.#topic))[0];
      if (offsets === undefined) throw new AppError('STREAM_GAP', { message: `topic ${this.#topic} has no partition` });
      const [firstOffset, nextOffset] = [BigInt(offsets.low), BigInt(offsets.high)];
      const identity = nextOffset > firstOffset ? await this.#identity(firstOffset) : null;
      return { firstOffset, nextOffset, identity };
    } finally {
      await admin.disconnect();
    }
  }

  async open(from: bigint): Promise<void> {
    await this.close();
    this.#reader = await PartitionReader.start(this.#kafka, this.#topic, from);
  }

  async read(waitMs: number): Promise<StreamRecord[]> {
    if (this.#reader === null) throw new AppError('UNAVAILABLE', { message: `the stream of ${this.#topic} is not open` });
    return this.#reader.read(waitMs);
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    await reader?.stop();
  }

  /** kafkajs does not tell a topic's id. The first record does as well: it is never cut, and Debezium starts each topic with a random one. */
  async #identity(firstOffset: bigint): Promise<string | null> {
    const reader = await PartitionReader.start(this.#kafka, this.#topic, firstOffset);
    try {
      const first = (await reader.read(firstRecordWaitMs))[0];
      return first === undefined ? null : createHash('sha256').update(`${first.offset}:${first.value}`).digest('hex');
    } finally {
      await reader.stop();
    }
  }
}

class PartitionReader {
  readonly #consumer: Consumer;
  readonly #topic: string;
  #buffer: StreamRecord[] = [];
  #failure: Error | null = null;
  #isStopped = false;
  #arrived: () => void = () => {};
  #taken: () => void = () => {};

  private constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  static async start(kafka: Kafka, topic: string, from: bigint): Promise<PartitionReader> {
    const consumer = kafka.consumer({
      groupId: `atlas.${topic}.${randomUUID()}`,
      readUncommitted: false,
      maxWaitTimeInMs: fetchWaitMs,
      maxBytesPerPartition: fetchBytesMax,
      maxBytes: fetchBytesMax,
      allowAutoTopicCreation: false,
      retry: { retries: 3, restartOnFailure: async () => false },
    });
    const reader = new PartitionReader(consumer, topic);
    try {
      await reader.#run(from);
    } catch (error) {
      await reader.stop();
      throw new AppError('UNAVAILABLE', { message: `cannot read topic ${topic}` }, error);
    }
    return reader;
  }

  async read(waitMs: number): Promise<StreamRecord[]> {
    if (this.#buffer.length === 0 && this.#failure === null) await this.#wait(waitMs, (wake) => (this.#arrived = wake));
    if (this.#failure !== null) throw new AppError('UNAVAILABLE', { message: `lost the stream of ${this.#topic}` }, this.#failure);
    const records = this.#buffer;
    this.#buffer = [];
    this.#taken();
    return records;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#taken();
    this.#arrived();
    await this.#consumer.disconnect();
  }

  async #run(from: bigint): Promise<void> {
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => this.#fail(payload.error));
    this.#consumer.on(this.#consumer.events.DISCONNECT, () => this.#fail(new Error('disconnected')));
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: async ({ batch, heartbeat }) => {
        const records = batch.messages.map((message) => ({
          offset: BigInt(message.offset),
          value: message.value?.toString('utf8') ?? null,
        }));
        // The position kafkajs starts with before our seek takes hold is not ours.
        this.#buffer.push(...records.filter((record) => record.offset >= from));
        this.#arrived();
        while (this.#buffer.length > bufferedRecordsMax && !this.#isStopped) {
          await this.#wait(1_000, (wake) => (this.#taken = wake));
          await heartbeat();
        }
      },
    });
    this.#consumer.seek({ topic: this.#topic, partition: 0, offset: String(from) });
  }

  #fail(error: Error): void {
    if (this.#isStopped) return;
    this.#failure ??= error;
    this.#arrived();
  }

  async #wait(waitMs: number, register: (wake: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      register(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    register(() => {});
  }
}

function logEntry(log: Logger, entry: LogEntry): void {
  const { message, timestamp: _timestamp, ...facts } = entry.log;
  // kafkajs retries by itself and says ERROR for each attempt; what matters reaches us as a rejected call.
  log.warn({ kafka: facts }, message);
}

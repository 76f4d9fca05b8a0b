import { AppError, errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { codeOf, policyFor } from '../error-policy.ts';
import type { Flow } from '../flows.ts';
import type { ReplicaState } from '../replica-state.ts';
import type { EventStream, StreamRecord } from '../stream/stream.ts';
import { type Applied, BatchWriter } from './apply-batch.ts';
import { Batcher, type Item } from './batcher.ts';
import { type EventContext, eventContext, parseEvent } from './event.ts';
import type { Mutants } from './mutants.ts';
import { assertLease, type Lease, takeOver } from './progress.ts';

const readWaitMs = 250;
const backOffMs = { first: 200, max: 10_000 };

/** What an applier needs. `openStream` gets the incarnation; `placeholder` is the source's (read again at each start). */
export type ApplierOptions = {
  flow: Flow;
  databaseUrl: string;
  holder: string;
  openStream: (incarnation: number) => EventStream;
  readPlaceholder: () => Promise<string>;
  log: Logger;
  clock: () => number;
  mutants: Mutants | null;
};

type Command = {
  run: (lease: Lease, context: EventContext) => Promise<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
};

/**
 * Applies one flow to its target, for as long as it lives: takes the flow over, reads from the offset the target names, applies batch by
 * batch. After an error it does what the policy says. Killed at any point it loses and doubles nothing: an offset commits with its effect.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #writer: BatchWriter;
  #state: ReplicaState = { name: 'starting' };
  /** This process has held the flow: from then on it may only take it over again from itself. */
  #hasHeld = false;
  #watermarkAt: number | null = null;
  #isInsideSplit = false;
  #isClosing = false;
  #failures = 0;
  #commands: Command[] = [];
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#writer = new BatchWriter(options.flow, options.mutants);
  }

  get state(): ReplicaState {
    return this.#state;
  }

  /** When the newest applied tick was taken at the source, in ms. */
  get watermarkAt(): number | null {
    return this.#watermarkAt;
  }

  get isInsideSplit(): boolean {
    return this.#isInsideSplit;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    await this.#running;
    this.#state = { name: 'closed' };
  }

  /** Tries again after a stop. */
  resume(): void {
    if (this.#state.name !== 'stopped') return;
    this.#hasHeld = false;
    this.#state = { name: 'starting' };
    this.#wake();
  }

  /** Replays a tenant's parked events between two batches. Throws UNAVAILABLE when the applier is not running. */
  replay(tenant: string): Promise<{ replayed: number; left: number }> {
    if (this.#state.name !== 'applying')
      throw new AppError('UNAVAILABLE', { message: `the applier of ${this.#options.flow.id} is ${this.#state.name}` });
    const { promise, resolve, reject } = Promise.withResolvers<{ replayed: number; left: number }>();
    const run = (lease: Lease, context: EventContext) => this.#writer.replay(lease, tenant, (value) => parseEvent(context, value));
    this.#commands.push({ run, resolve: resolve as Command['resolve'], reject });
    return promise;
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      if (this.#state.name === 'stopped') {
        await this.#sleep(60_000);
        continue;
      }
      try {
        this.#state = { name: 'connecting' };
        await this.#serve();
      } catch (error) {
        await this.#fail(error);
      }
    }
  }

  /** One lease, from take-over to its end. */
  async #serve(): Promise<void> {
    const { flow, log } = this.#options;
    const placeholder = await this.#options.readPlaceholder();
    const lease = await takeOver(flow, { ...this.#options, mustHold: this.#hasHeld });
    this.#hasHeld = true;
    let stream: EventStream | null = null;
    try {
      stream = this.#options.openStream(lease.progress.incarnation);
      await bindTopic(flow, lease, stream);
      await stream.open(lease.progress.nextOffset);
      log.info({ flow: flow.id, term: lease.term.toString(), nextOffset: lease.progress.nextOffset.toString() }, 'applier took over');
      await this.#applyAll(lease, stream, eventContext(flow, lease.progress.incarnation, placeholder));
    } finally {
      await Promise.allSettled([stream?.close(), lease.session.close()]);
      for (const command of this.#commands.splice(0))
        command.reject(new AppError('UNAVAILABLE', { message: 'the applier lost its lease' }));
    }
  }

  async #applyAll(lease: Lease, stream: EventStream, context: EventContext): Promise<void> {
    const batcher = new Batcher();
    this.#state = { name: 'applying' };
    while (!this.#isClosing) {
      const records = await stream.read(readWaitMs);
      if (lease.session.isLost) throw new AppError('UNAVAILABLE', { message: 'lost the connection to the target database' });
      if (records.length === 0) await assertLease(this.#options.flow, lease);
      const miscounted = batcher.miscounted;
      const { items, failure } = parseAll(context, records);
      for (const batch of batcher.push(items)) {
        this.#isInsideSplit = batch.isPartial;
        this.#note(await this.#writer.apply(lease, batch));
      }
      // What came before the record that stops the flow has had its effect.
      if (failure !== null) throw failure;
      if (batcher.miscounted > miscounted) await this.#alarm(lease);
      for (const command of this.#commands.splice(0)) await runCommand(command, lease, context);
      this.#failures = 0;
    }
  }

  #note(applied: Applied): void {
    const { flow, log } = this.#options;
    if (applied.watermarkAt !== null) this.#watermarkAt = Date.parse(applied.watermarkAt);
    if (applied.parked > 0) log.error({ flow: flow.id, parked: applied.parked }, 'events parked: look at GET /flows/<flow>/parked');
    if (applied.tickGaps > 0) log.error({ flow: flow.id, tickGaps: applied.tickGaps }, 'ticks are missing: verify before the next flip');
  }

  /** A transaction arrived with another number of events than its source counted. A connector that restarted inside it looks the same, so: check. */
  async #alarm(lease: Lease): Promise<void> {
    this.#options.log.warn(
      { flow: this.#options.flow.id },
      'a transaction arrived with another count than its source gave: verify before the next flip',
    );
    await lease.session.query('update strangler.apply_progress set restarted_at = clock_timestamp() where flow = $1', [
      this.#options.flow.id,
    ]);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#isClosing) return;
    const { flow, log, clock } = this.#options;
    const policy = policyFor(error);
    const facts = { flow: flow.id, code: codeOf(error), error: errorText(error) };
    this.#isInsideSplit = false;
    if (policy.act === 'stop') {
      this.#state = { name: 'stopped', code: facts.code, message: facts.error, next: policy.next };
      log.error({ ...facts, next: policy.next }, 'flow stopped');
      await this.#storeStop(facts);
      return;
    }
    const waitMs = Math.min(backOffMs.max, backOffMs.first * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#state = { name: 'retrying', code: facts.code, message: facts.error, retryAt: clock() + waitMs };
    log.warn({ ...facts, waitMs }, 'flow interrupted');
    await this.#sleep(waitMs);
  }

  /** For a colleague at a console; nothing reads it to decide. A stop by TERM_LOST is this process's own affair. */
  async #storeStop(facts: { code: string; error: string }): Promise<void> {
    if (facts.code === 'TERM_LOST') return;
    try {
      const lease = await takeOver(this.#options.flow, { ...this.#options, mustHold: this.#hasHeld });
      const params = [this.#options.flow.id, facts.code, facts.error];
      await lease.session.query(
        "update strangler.apply_progress set stopped_code = $2, stopped_message = $3, foreign_events = foreign_events + ($2 = 'FOREIGN_EVENT')::int where flow = $1",
        params,
      );
      await lease.session.close();
    } catch (error) {
      this.#options.log.warn({ error: errorText(error) }, 'could not store why the flow stopped');
    }
  }

  async #sleep(waitMs: number): Promise<void> {
    if (this.#isClosing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The topic must be the one that was read before, and must still hold the next offset. */
async function bindTopic(flow: Flow, lease: Lease, stream: EventStream): Promise<void> {
  const { topicId, nextOffset } = lease.progress;
  const bounds = await stream.bounds();
  if (topicId !== null && bounds.identity !== null && bounds.identity !== topicId)
    throw new AppError('STREAM_GAP', { message: `the topic of ${flow.id} is not the one that was read before` });
  if (nextOffset > 0n && (bounds.firstOffset > nextOffset || bounds.nextOffset < nextOffset))
    throw new AppError('STREAM_GAP', {
      message: `the topic of ${flow.id} holds offsets ${bounds.firstOffset} to ${bounds.nextOffset}, the next one to apply is ${nextOffset}`,
    });
  if (topicId === null && bounds.identity !== null)
    await lease.session.query('update strangler.apply_progress set topic_id = $2 where flow = $1 and term = $3', [
      flow.id,
      bounds.identity,
      lease.term,
    ]);
}

/** Parses up to the first record that cannot be; `failure` says why. */
function parseAll(context: EventContext, records: StreamRecord[]): { items: Item[]; failure: unknown } {
  const items: Item[] = [];
  for (const { offset, value } of records) {
    if (value === null) continue;
    try {
      items.push({ offset, value, event: parseEvent(context, value) });
    } catch (failure) {
      return { items, failure };
    }
  }
  return { items, failure: null };
}

async function runCommand(command: Command, lease: Lease, context: EventContext): Promise<void> {
  try {
    command.resolve((await command.run(lease, context)) as never);
  } catch (error) {
    command.reject(error);
    // A failed statement leaves the session usable; a lost one ends the lease at the next read.
  }
}

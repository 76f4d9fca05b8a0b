import type { IncomingMessage } from 'node:http';
import type { SlicePlan } from '@atlas/contracts/plan';
import { errorText } from '@atlas/kit/errors';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Logger } from '@atlas/kit/logger';
import type { Exchange } from '../exchange.ts';
import type { SendableRequest } from '../forward/attempt.ts';
import type { Upstreams } from '../forward/upstreams.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Positions } from '../watermark/positions.ts';
import { differingPaths, type Observation } from './compare.ts';
import { observationOf, observe } from './observe.ts';
import { type ShadowResult, ShadowWindow } from './window.ts';

const queueMax = 100;
const runningMax = 4;
const observedBytesMax = 256 * 1024;
const catchUpMs = 2_000;
const confirmationsMax = 5;
const publishMsMax = 2_000;

/** One look at both sides: the control did not change around the candidate's answer. */
type Look = { control: Observation; candidate: Observation };
type Job = { slice: SlicePlan; request: SendableRequest; control: Observation };
/** What the pipeline needs of the shadow. */
export type ShadowTap = {
  /** Whether the next read of a slice on trial is to be mirrored. */
  isSampled(slice: SlicePlan): boolean;
  /** A look at the control's response as it passes; the mirror is sent when it has ended. */
  tap(exchange: Exchange, slice: SlicePlan): (response: IncomingMessage) => void;
};

type Deps = {
  upstreams: Upstreams;
  ledger: LedgerClient;
  positions(slice: string): Positions | undefined;
  metrics: Metrics;
  log: Logger;
  nowMs: () => number;
  now: () => Date;
  random: () => number;
  deadlineMs: number;
};

/**
 * The mirror of reads: the control (legacy) answers the client, the candidate (extracted) is asked the same afterwards and compared. Nothing
 * it does can reach a client: bounded queue, dropped when full, errors recorded. It takes reads only, so it has no effect to undo.
 */
export class Shadow implements ShadowTap {
  #deps: Deps;
  #queue: Job[] = [];
  #running = 0;
  #windows = new Map<string, { window: ShadowWindow; isNew: boolean; publishedMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#publishDue(), publishMsMax / 8);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#queue = [];
  }

  isSampled(slice: SlicePlan): boolean {
    const phase = this.#deps.ledger.view()?.units.find((unit) => unit.slice === slice.slice && unit.tenant === '*')?.phase;
    return (phase === 'shadow' || phase === 'canary') && this.#deps.random() * 100 < slice.shadow.samplePercent;
  }

  tap(exchange: Exchange, slice: SlicePlan): (response: IncomingMessage) => void {
    const { req, path, search } = exchange;
    // A mirror sends no body and no length of one; the headers of this moment are the scrubbed ones.
    const { 'content-length': _length, 'transfer-encoding': _coding, ...headers } = req.headers;
    const request: SendableRequest = { method: req.method ?? 'GET', target: path + search, headers, body: Buffer.alloc(0) };
    return (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= observedBytesMax) chunks.push(chunk);
      });
      response.once('end', () => {
        if (bytes <= observedBytesMax) this.#enqueue({ slice, request, control: observationOf(response, Buffer.concat(chunks)) });
      });
    };
  }

  #enqueue(job: Job): void {
    if (this.#queue.length >= queueMax) return void this.#record(job.slice, 'dropped', []);
    this.#queue.push(job);
    this.#pump();
  }

  #pump(): void {
    while (this.#running < runningMax) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#running += 1;
      void this.#run(job).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      const candidate = await this.#ask('extracted', job);
      const paths = differingPaths(job.control, candidate);
      if (paths.length === 0) return this.#record(job.slice, 'match', []);
      const { result, paths: confirmed } = await this.#confirm(job);
      this.#record(job.slice, result, confirmed);
    } catch (error) {
      this.#deps.log.info({ slice: job.slice.slice, error: errorText(error) }, 'shadow candidate failed');
      this.#record(job.slice, 'error', []);
    }
  }

  /**
   * A difference counts only when it stays after the candidate has applied everything the control had: control, position, applied, candidate,
   * and the control once more unchanged. It must stay so twice, with the same answers: a value that goes away and comes back between two
   * looks at the control leaves no trace there, and a candidate seen in between would be blamed for it.
   */
  async #confirm(job: Job): Promise<{ result: ShadowResult; paths: string[] }> {
    const positions = this.#deps.positions(job.slice.slice);
    if (positions === undefined || !positions.isWatching) return { result: 'unstable', paths: [] };
    let suspect: Look | null = null;
    for (let round = 0; round < confirmationsMax; round += 1) {
      const look = await this.#look(job, positions);
      if (look === 'behind') return { result: 'unstable', paths: [] };
      if (look === 'changing') {
        suspect = null;
        continue;
      }
      const paths = differingPaths(look.control, look.candidate);
      if (paths.length === 0) return { result: 'lag', paths: [] };
      if (suspect !== null && isSameLook(suspect, look)) return { result: 'mismatch', paths };
      suspect = look;
    }
    return { result: 'unstable', paths: [] };
  }

  async #look(job: Job, positions: Positions): Promise<Look | 'behind' | 'changing'> {
    const before = await this.#ask('legacy', job);
    if (!(await positions.hasApplied(await positions.position(), catchUpMs))) return 'behind';
    const candidate = await this.#ask('extracted', job);
    const control = await this.#ask('legacy', job);
    return differingPaths(before, control).length > 0 ? 'changing' : { control, candidate };
  }

  #ask(side: 'legacy' | 'extracted', job: Job): Promise<Observation> {
    return observe(this.#deps.upstreams[side], job.request, { deadlineMs: this.#deps.deadlineMs, bytesMax: observedBytesMax });
  }

  #record(slice: SlicePlan, result: ShadowResult, paths: string[]): void {
    this.#deps.metrics.shadow.inc({ slice: slice.slice, result });
    for (const path of paths) this.#deps.metrics.diffPaths.inc({ slice: slice.slice, path });
    if (result === 'mismatch') this.#deps.log.warn({ slice: slice.slice, paths }, 'shadow mismatch');
    const kept = this.#window(slice.slice);
    kept.window.add({ atMs: this.#deps.nowMs(), result, paths });
    kept.isNew = true;
  }

  #window(slice: string) {
    const known = this.#windows.get(slice);
    if (known !== undefined) return known;
    const made = { window: new ShadowWindow(), isNew: false, publishedMs: this.#deps.nowMs() };
    this.#windows.set(slice, made);
    return made;
  }

  async #publishDue(): Promise<void> {
    for (const slice of this.#deps.ledger.plan()?.slices ?? []) {
      const kept = this.#windows.get(slice.slice);
      // Twice a window, so that no sample leaves it unpublished.
      const everyMs = Math.min(slice.shadow.windowSeconds * 500, publishMsMax);
      if (kept === undefined || !kept.isNew || this.#deps.nowMs() - kept.publishedMs < everyMs) continue;
      kept.isNew = false;
      kept.publishedMs = this.#deps.nowMs();
      await this.#publish(slice, kept.window);
    }
  }

  async #publish(slice: SlicePlan, window: ShadowWindow): Promise<void> {
    const evidence = window.evidence(slice, this.#deps.nowMs(), this.#deps.now());
    if (evidence === null) return;
    try {
      await this.#deps.ledger.recordEvidence(evidence);
    } catch (error) {
      this.#deps.log.warn({ slice: slice.slice, error: errorText(error) }, 'shadow evidence not recorded');
    }
  }
}

function isSameLook(one: Look, other: Look): boolean {
  return differingPaths(one.control, other.control).length === 0 && differingPaths(one.candidate, other.candidate).length === 0;
}

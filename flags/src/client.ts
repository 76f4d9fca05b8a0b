import { flags } from './registry.ts';
import { readFlagSnapshot, readFlagStates, writeFlagSnapshot } from './states/snapshot.ts';
import { type FlagState, type Wanted, wantedOf } from './wanted.ts';

export { effectiveSplitBasisPoints, type Wanted } from './wanted.ts';

/** What the adapter logs to; pino's shape. */
export type FlagLog = { info(facts: object, message: string): void; warn(facts: object, message: string): void };

/** Last good flags, whatever happens to Unleash. */
export type FlagClient = {
  /** Reads the disk snapshot, then polls. Never waits for Unleash and never throws because of it. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The operator's wish for a slice by the last good document; null before there is any. */
  readWanted(slice: string): Wanted | null;
  /** Milliseconds since Unleash last answered; Infinity before it did. Flags older than this may lag behind the console. */
  ageMs(): number;
  onChange(listener: () => void): void;
};

export type FlagClientOptions = {
  url: string;
  token: string;
  appName: string;
  log: FlagLog;
  /** Last good flags on disk; without it a start with Unleash down knows nothing. */
  snapshotFile?: string;
  intervalMs?: number;
};

const intervalMsDefault = 1_000;
const timeoutMs = 2_000;
const bytesMax = 4 * 1024 * 1024;

/**
 * Polls Unleash's client API (`GET /api/client/features`, ETag). Not `unleash-client`: what it adds, bucketing, is not used (a flag speaks for
 * a whole slice and cohorts are the gateway's), it stops for ever after one 401, and a request under way when it is destroyed ends
 * the process with an error nobody can catch (*seen* with 6.12.1).
 */
export function createFlagClient(options: FlagClientOptions): FlagClient {
  return new Poller(options);
}

/** Whether a document is refused: it lacks more than half of the registered flags that were known before. Pure. */
export function dropsTooMany(known: ReadonlyMap<string, FlagState>, next: ReadonlyMap<string, FlagState>): boolean {
  const before = flags.filter((flag) => known.has(flag.name));
  const lost = before.filter((flag) => !next.has(flag.name));
  return lost.length * 2 > before.length;
}

class Poller implements FlagClient {
  #options: FlagClientOptions;
  #states: ReadonlyMap<string, FlagState> | null = null;
  #etag: string | null = null;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #trouble = '';
  #listeners: (() => void)[] = [];
  #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: FlagClientOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#options.snapshotFile !== undefined) this.#states = await readFlagSnapshot(this.#options.snapshotFile);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  readWanted(slice: string): Wanted | null {
    return this.#states === null ? null : wantedOf(this.#states, slice);
  }

  ageMs(): number {
    return performance.now() - this.#answeredAt;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#poll();
        this.#say('');
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#say((error as Error).message);
      }
      await pause(this.#options.intervalMs ?? intervalMsDefault, this.#stopping.signal);
    }
  }

  async #poll(): Promise<void> {
    const response = await fetch(`${this.#options.url}/api/client/features`, {
      headers: {
        authorization: this.#options.token,
        'unleash-appname': this.#options.appName,
        ...(this.#etag === null ? {} : { 'if-none-match': this.#etag }),
      },
      signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await response.text();
    if (response.status !== 200 && response.status !== 304) throw new Error(`Unleash answers ${response.status}`);
    this.#answeredAt = performance.now();
    if (response.status === 304) return;
    if (text.length > bytesMax) throw new Error(`Unleash's document has more than ${bytesMax} bytes`);
    await this.#accept(statesOf(text), response.headers.get('etag'));
  }

  async #accept(next: Map<string, FlagState>, etag: string | null): Promise<void> {
    if (this.#states !== null && dropsTooMany(this.#states, next)) throw new Error('document refused: it drops most known flags');
    this.#etag = etag;
    const isNew = this.#states === null || JSON.stringify([...this.#states]) !== JSON.stringify([...next]);
    this.#states = next;
    if (!isNew) return;
    for (const listener of this.#listeners) listener();
    if (this.#options.snapshotFile !== undefined) await writeFlagSnapshot(this.#options.snapshotFile, next);
  }

  // One line when trouble begins or changes, one when it ends: polling each second must not fill a log.
  #say(trouble: string): void {
    if (trouble === this.#trouble) return;
    if (trouble !== '') this.#options.log.warn({ trouble }, 'flags not read');
    else this.#options.log.info({}, 'flags read again');
    this.#trouble = trouble;
  }
}

function statesOf(text: string): Map<string, FlagState> {
  try {
    const { features } = JSON.parse(text) as { features: unknown[] };
    return readFlagStates(features);
  } catch (error) {
    throw new Error('document refused: not the shape Unleash documents', { cause: error });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

import { InMemStorageProvider, Unleash, UnleashEvents } from 'unleash-client';
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
const silentMsMin = 5_000;

/**
 * Adapter around `unleash-client`. It adds what a control plane needs: a snapshot on disk, a watchdog that makes a new client when the
 * old one has been silent (unleash-client stops for ever after one 401 or 403), and the refusal of a document that lost most known flags.
 */
export function createFlagClient(options: FlagClientOptions): FlagClient {
  return new Adapter(options);
}

/** Whether a document is refused: it lacks more than half of the registered flags that were known before. Pure. */
export function dropsTooMany(known: ReadonlyMap<string, FlagState>, next: ReadonlyMap<string, FlagState>): boolean {
  const before = flags.filter((flag) => known.has(flag.name));
  const lost = before.filter((flag) => !next.has(flag.name));
  return lost.length * 2 > before.length;
}

class Adapter implements FlagClient {
  #options: FlagClientOptions;
  #intervalMs: number;
  #unleash: Unleash | null = null;
  #states: ReadonlyMap<string, FlagState> | null = null;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #createdAt = 0;
  #isRefusing = false;
  #listeners: (() => void)[] = [];
  #watchdog: NodeJS.Timeout | undefined;
  #writes: Promise<void> = Promise.resolve();

  constructor(options: FlagClientOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? intervalMsDefault;
  }

  async start(): Promise<void> {
    if (this.#options.snapshotFile !== undefined) this.#states = await readFlagSnapshot(this.#options.snapshotFile);
    this.#connect();
    this.#watchdog = setInterval(() => this.#watch(), this.#intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#watchdog);
    this.#unleash?.destroy();
    this.#unleash = null;
    await this.#writes;
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

  #connect(): void {
    this.#unleash?.destroy();
    this.#createdAt = performance.now();
    const unleash = new Unleash({
      url: `${this.#options.url}/api`,
      appName: this.#options.appName,
      customHeaders: { Authorization: this.#options.token },
      refreshInterval: this.#intervalMs,
      timeout: 2_000,
      disableMetrics: true,
      storageProvider: new InMemStorageProvider(),
      skipInstanceCountWarning: true,
    });
    // A destroyed client may still finish one request: only the current one is heard.
    const ifCurrent = (act: () => void) => () => void (this.#unleash === unleash && act());
    unleash.on(
      UnleashEvents.Changed,
      ifCurrent(() => this.#accept(unleash)),
    );
    unleash.on(
      UnleashEvents.Unchanged,
      ifCurrent(() => this.#answered()),
    );
    unleash.on(UnleashEvents.Error, (error: Error) => this.#options.log.warn({ error: error.message }, 'flags not read'));
    unleash.on(UnleashEvents.Warn, (warning: string) => this.#options.log.warn({ warning }, 'flags warning'));
    this.#unleash = unleash;
  }

  #accept(unleash: Unleash): void {
    this.#answered();
    let next: Map<string, FlagState>;
    try {
      next = readFlagStates(unleash.getFeatureToggleDefinitions());
    } catch (error) {
      this.#options.log.warn({ error: (error as Error).message }, 'flag document refused: not the shape Unleash documents');
      return;
    }
    const isRefused = this.#states !== null && dropsTooMany(this.#states, next);
    if (isRefused !== this.#isRefusing) this.#options.log.warn({ isRefused, flags: next.size }, 'flag document that drops known flags');
    this.#isRefusing = isRefused;
    if (isRefused) return;
    this.#states = next;
    this.#keep(next);
    for (const listener of this.#listeners) listener();
  }

  #answered(): void {
    this.#answeredAt = performance.now();
  }

  #keep(states: ReadonlyMap<string, FlagState>): void {
    const file = this.#options.snapshotFile;
    if (file === undefined) return;
    this.#writes = this.#writes
      .then(() => writeFlagSnapshot(file, states))
      .catch((error: Error) => this.#options.log.warn({ file, error: error.message }, 'flag snapshot not written'));
  }

  #watch(): void {
    const silentMs = Math.max(silentMsMin, this.#intervalMs * 5);
    const now = performance.now();
    if (now - this.#answeredAt < silentMs || now - this.#createdAt < silentMs) return;
    this.#options.log.warn({ silentMs: Math.round(now - this.#createdAt) }, 'flag client silent: making a new one');
    this.#connect();
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { noCounts, type TrafficCounts, type TrafficMessage, type TrafficSettings } from './traffic/settings.ts';

export type { TrafficCounts, TrafficSettings } from './traffic/settings.ts';

const startSecondsMax = 60;
const stopSecondsMax = 45;

/** Clients of published SDKs at work, one process each. `start` resolves when all have signed their people up and begun. */
export class Traffic {
  readonly #clients: Client[];

  constructor(clients: TrafficSettings[]) {
    for (const { folder } of clients) mkdirSync(folder, { recursive: true });
    this.#clients = clients.map((settings) => new Client(settings));
  }

  async start(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.ready()));
    for (const client of this.#clients) client.say('go');
  }

  /** Lets every request under way end, then the processes. Throws when one had to be killed: its file may miss lines. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
  }

  /** Ends the processes at once, when there is nothing to audit any more. */
  kill(): void {
    for (const client of this.#clients) client.kill();
  }

  /** The sum of what all clients have seen so far. */
  counts(): TrafficCounts {
    const all = this.#clients.map((client) => client.counts);
    const sum = (name: keyof TrafficCounts) => all.reduce((total, counts) => total + counts[name], 0);
    return {
      requests: sum('requests'),
      failed: sum('failed'),
      acknowledgedMails: sum('acknowledgedMails'),
      acknowledgedPreferences: sum('acknowledgedPreferences'),
      acknowledgedOthers: sum('acknowledgedOthers'),
      stale: sum('stale'),
      slowestMs: Math.max(0, ...all.map((counts) => counts.slowestMs)),
    };
  }
}

class Client {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  readonly #ready = Promise.withResolvers<void>();
  #errors = '';
  counts = noCounts();

  constructor(settings: TrafficSettings) {
    this.#name = settings.client;
    this.#child = fork(join(import.meta.dirname, 'traffic/traffic.child.ts'), {
      env: { ...process.env, ATLAS_TRAFFIC: JSON.stringify(settings) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors = `${this.#errors}${chunk}`.slice(-2000);
    });
    this.#child.on('message', (message) => this.#hear(message as TrafficMessage));
    this.#ended = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve(code ?? signal)));
    this.#ready.promise.catch(() => {}); // whoever waits in ready() gets it; nobody may be waiting yet
    void this.#ended.then((how) => this.#ready.reject(this.#failure(`ended with ${how} before it had begun`)));
  }

  async ready(): Promise<void> {
    const timer = setTimeout(() => this.#ready.reject(this.#failure(`has not begun after ${startSecondsMax} s`)), startSecondsMax * 1000);
    await this.#ready.promise.finally(() => clearTimeout(timer));
  }

  say(word: 'go' | 'stop'): void {
    if (this.#child.connected) this.#child.send(word);
  }

  async stop(): Promise<void> {
    this.say('stop');
    const timer = setTimeout(() => this.kill(), stopSecondsMax * 1000);
    const how = await this.#ended;
    clearTimeout(timer);
    if (how !== 0) throw this.#failure(`ended with ${how}`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: TrafficMessage): void {
    if (message.kind === 'ready') this.#ready.resolve();
    if (message.kind === 'counts') this.counts = message.counts;
    if (message.kind === 'stuck') this.#ready.reject(this.#failure(message.text));
  }

  #failure(what: string): AppError {
    return new AppError('PART_FAILED', { message: `traffic client ${this.#name} ${what}. ${this.#errors}` });
  }
}

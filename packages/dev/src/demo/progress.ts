import type { TrafficCounts } from './traffic/settings.ts';

/** Shows a demo's progress: one live line on a terminal, a line a phase elsewhere. Humans read stderr. */
export class Progress {
  readonly #began = performance.now();
  readonly #stream: NodeJS.WriteStream;
  #last = '';

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  get seconds(): number {
    return Math.round((performance.now() - this.#began) / 100) / 10;
  }

  /** What goes on now; written over by the next one. */
  live(text: string, counts: TrafficCounts | undefined): void {
    if (!this.#stream.isTTY) return;
    const figures = counts === undefined ? '' : `   ${figuresText(counts)}`;
    const line = `${this.#time()} ${text}${figures}`;
    this.#stream.write(`\r\u001b[2K${line.slice(0, Math.max(20, this.#stream.columns - 1))}`);
  }

  /** Something that stays: a phase reached, a result. Said once, also when it comes again. */
  note(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    const clear = this.#stream.isTTY ? '\r\u001b[2K' : '';
    this.#stream.write(`${clear}${this.#time()} ${text}\n`);
  }

  #time(): string {
    return `${this.seconds.toFixed(1).padStart(6)} s`;
  }
}

function figuresText(counts: TrafficCounts): string {
  const { requests, failed, acknowledgedMails, acknowledgedPreferences, acknowledgedOthers, stale } = counts;
  return `${requests} requests, ${failed} failed · ${acknowledgedMails} mails, ${acknowledgedPreferences} preferences, ${acknowledgedOthers} others · stale ${stale}`;
}

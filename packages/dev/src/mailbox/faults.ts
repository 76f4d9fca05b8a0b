/** What tests ask the mailbox to do to mails: wait, or refuse a share of them. Chance is an argument. */
export class Faults {
  #delayMs = 0;
  #rejectPercent = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Takes `{delayMs?, rejectPercent?}`; what is left out becomes 0. Answers the mistake, if any, and then changes nothing. */
  set(wanted: unknown): string | undefined {
    const { delayMs = 0, rejectPercent = 0, ...rest } = (wanted ?? {}) as Record<string, unknown>;
    if (Object.keys(rest).length > 0) return `unknown: ${Object.keys(rest).join(', ')}`;
    if (!isWithin(delayMs, 60_000)) return 'delayMs must be a number from 0 to 60000';
    if (!isWithin(rejectPercent, 100)) return 'rejectPercent must be a number from 0 to 100';
    this.#delayMs = delayMs;
    this.#rejectPercent = rejectPercent;
    return undefined;
  }

  get current(): { delayMs: number; rejectPercent: number } {
    return { delayMs: this.#delayMs, rejectPercent: this.#rejectPercent };
  }

  delay(): Promise<void> {
    return this.#delayMs === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, this.#delayMs));
  }

  rejects(): boolean {
    return this.#random() * 100 < this.#rejectPercent;
  }
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max;
}

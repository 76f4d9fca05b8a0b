import type { Evidence, Verdict } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';

/** What became of one sampled read. `lag`: the candidate gave the control's answer once it had caught up. `unstable`: the control itself changed meanwhile. */
export type ShadowResult = 'match' | 'mismatch' | 'lag' | 'unstable' | 'error' | 'dropped';
type Entry = { atMs: number; result: ShadowResult; paths: string[] };

const entriesMax = 20_000;
const examplesMax = 10;
const lifetimeWindows = 2;
const lifetimeSecondsMin = 30;

/** The results of the last `windowSeconds`, and the one row of evidence they make. No clock of its own. */
export class ShadowWindow {
  #entries: Entry[] = [];

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > entriesMax) this.#entries.shift();
  }

  clear(): void {
    this.#entries = [];
  }

  /** Null when nothing was looked at: silence is no evidence. A candidate's error is a mismatch: clients would have seen it. */
  evidence(slice: SlicePlan, nowMs: number, now: Date): Evidence | null {
    const { windowSeconds, minSamples, maxMismatchPercent } = slice.shadow;
    this.#entries = this.#entries.filter((entry) => entry.atMs > nowMs - windowSeconds * 1_000);
    if (this.#entries.length === 0) return null;
    const count = (...results: ShadowResult[]) => this.#entries.filter((entry) => results.includes(entry.result)).length;
    const samples = count('match', 'mismatch', 'lag', 'error');
    const mismatches = count('mismatch', 'error');
    const value = {
      samples,
      mismatches,
      ignored: count('lag', 'unstable'),
      lag: count('lag'),
      unstable: count('unstable'),
      errors: count('error'),
      dropped: count('dropped'),
      paths: this.#examples(),
      windowSeconds,
    };
    const verdict = verdictOf(samples, mismatches, minSamples, maxMismatchPercent);
    const lifetimeMs = Math.max(windowSeconds * lifetimeWindows, lifetimeSecondsMin) * 1_000;
    return {
      kind: 'shadow',
      subject: slice.slice,
      verdict,
      value,
      takenAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + lifetimeMs).toISOString(),
    };
  }

  #examples(): string[] {
    return [...new Set(this.#entries.flatMap((entry) => entry.paths))].slice(0, examplesMax);
  }
}

function verdictOf(samples: number, mismatches: number, minSamples: number, maxMismatchPercent: number): Verdict {
  if (samples < minSamples) return 'unknown';
  return (mismatches / samples) * 100 > maxMismatchPercent ? 'fail' : 'pass';
}

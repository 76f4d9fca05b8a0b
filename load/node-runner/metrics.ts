/** Counts of one run, under k6's metric names. */
export class Metrics {
  readonly durations: number[] = [];
  failedRequests = 0;
  passedChecks = 0;
  failedChecks = 0;
  droppedIterations = 0;
  iterations = 0;
  /** An iteration that threw: counted as a failed check, and the first texts kept. */
  readonly errors: string[] = [];

  request(ms: number, isFailed: boolean): void {
    this.durations.push(ms);
    if (isFailed) this.failedRequests += 1;
  }

  checked(isPassed: boolean): void {
    if (isPassed) this.passedChecks += 1;
    else this.failedChecks += 1;
  }

  threw(error: unknown): void {
    this.failedChecks += 1;
    if (this.errors.length < 5) this.errors.push(String(error));
  }
}

/** What a run found. Rates are 0–1, times milliseconds. `tool` says who measured. */
export type Summary = {
  tool: string;
  requests: number;
  iterations: number;
  droppedIterations: number;
  medMs: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
  errorRate: number;
  checkRate: number;
};

export function summarise(tool: string, metrics: Metrics): Summary {
  const sorted = metrics.durations.toSorted((one, other) => one - other);
  const checks = metrics.passedChecks + metrics.failedChecks;
  return {
    tool,
    requests: sorted.length,
    iterations: metrics.iterations,
    droppedIterations: metrics.droppedIterations,
    medMs: percentile(sorted, 50),
    p90Ms: percentile(sorted, 90),
    p99Ms: percentile(sorted, 99),
    maxMs: round(sorted.at(-1) ?? 0),
    errorRate: sorted.length === 0 ? 1 : metrics.failedRequests / sorted.length,
    checkRate: checks === 0 ? 1 : metrics.passedChecks / checks,
  };
}

/** Nearest rank: the smallest value with at least `rank` percent of all at or below it. */
export function percentile(sorted: readonly number[], rank: number): number {
  return round(sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? 0);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Latencies of one series in milliseconds, from the moment a request was due, so that a stall counts for everyone who waited. */
export type Series = { requests: number; failed: number; p50: number; p95: number; p99: number };

const underWayMax = 512;

/**
 * Sends `perSecond` requests a second for some seconds, whether or not earlier ones have ended. `send` throws when an answer is not the one
 * asked for. Above 512 under way the next are counted as failed: the server cannot follow.
 */
export async function openLoop(options: { perSecond: number; seconds: number }, send: (n: number) => Promise<void>): Promise<Series> {
  const total = Math.round(options.perSecond * options.seconds);
  const intervalMs = 1000 / options.perSecond;
  const began = performance.now();
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  let failed = 0;
  for (let n = 0; n < total; n += 1) {
    const due = began + n * intervalMs;
    const early = due - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
    if (underWay.size >= underWayMax) {
      failed += 1;
      continue;
    }
    const one = send(n)
      .then(() => void latencies.push(performance.now() - due))
      .catch(() => {
        failed += 1;
      })
      .finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
  const sorted = latencies.sort((one, other) => one - other);
  return { requests: total, failed, p50: percentile(sorted, 50), p95: percentile(sorted, 95), p99: percentile(sorted, 99) };
}

/** Nearest rank; NaN of nothing. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return Math.round((sorted[rank - 1] ?? Number.NaN) * 100) / 100;
}

import type { Summary } from './metrics.ts';

const values: Record<string, Record<string, (summary: Summary) => number>> = {
  http_req_duration: {
    med: (summary) => summary.medMs,
    'p(90)': (summary) => summary.p90Ms,
    'p(99)': (summary) => summary.p99Ms,
    max: (summary) => summary.maxMs,
  },
  http_req_failed: { rate: (summary) => summary.errorRate },
  checks: { rate: (summary) => summary.checkRate },
  dropped_iterations: { count: (summary) => summary.droppedIterations },
};
const holds: Record<string, (value: number, limit: number) => boolean> = {
  '<=': (value, limit) => value <= limit,
  '<': (value, limit) => value < limit,
  '>=': (value, limit) => value >= limit,
  '>': (value, limit) => value > limit,
};

/** The thresholds that were not met, in k6's own notation with the value found. Throws on one that this runner does not know. */
export function unmet(thresholds: Record<string, readonly string[]>, summary: Summary): string[] {
  return Object.entries(thresholds).flatMap(([metric, expressions]) =>
    expressions.flatMap((expression) => {
      const [, statistic = '', operator = '', limit = ''] = /^\s*([a-z]+(?:\(\d+\))?)\s*(<=|>=|<|>)\s*([\d.]+)\s*$/.exec(expression) ?? [];
      const read = values[metric]?.[statistic];
      const isHeld = holds[operator];
      if (read === undefined || isHeld === undefined) throw new Error(`this runner does not know the threshold ${metric}: ${expression}`);
      const value = read(summary);
      return isHeld(value, Number(limit)) ? [] : [`${metric} ${expression}, is ${value}`];
    }),
  );
}

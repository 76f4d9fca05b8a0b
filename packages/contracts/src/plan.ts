/** What a route does to its slice's rows. Undeclared is `write`; the HTTP method is never asked. */
export type Effect = 'read' | 'write';

/** One route of the plan. `path` is below `/api/v1`, parameters as `:name`. */
export type PlanRoute = { method: string; path: string; effect: Effect };

/** Limits and windows that gates and moves use. All durations in milliseconds or seconds as named. */
export type SlicePlan = {
  slice: string;
  /** Name of the extracted service's upstream. */
  upstream: string;
  /** What a cohort's hash is taken of: the user of the access token, else the project. */
  stickiness: 'user' | 'project';
  routes: PlanRoute[];
  canary: { steps: number[]; stepSeconds: number };
  shadow: { samplePercent: number; minSamples: number; maxMismatchPercent: number; windowSeconds: number };
  parity: { maxAgeSeconds: number; maxRowsChanged: number };
  lag: { maxMs: number; maxMsP99: number };
  load: { p99MsMax: number; errorRateMax: number; maxAgeSeconds: number };
  pact: { maxAgeSeconds: number };
  move: { holdMsMax: number; heldRequestsMax: number; heldBytesMax: number };
};

/** migration-plan.md, parsed. `unsliced` names legacy routes known to only read; `document` is the JSON the control plane publishes. */
export type Plan = {
  maxBlindSeconds: number;
  unsliced: PlanRoute[];
  slices: SlicePlan[];
};

/** A mistake in the plan, with the line it stands on (1-based). */
export type PlanMistake = { line: number; message: string };

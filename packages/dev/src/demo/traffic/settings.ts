import type { SdkTarget, SdkVersion } from '../../scenario/sdk.ts';

/** What one traffic process does. Rates are per second and per process; `users` is how many people it signs up at its start. */
export type TrafficSettings = {
  version: SdkVersion;
  target: SdkTarget;
  /** Name of this process and of its file: `<folder>/<client>.jsonl`. */
  client: string;
  /** Name of the whole run; subjects begin with it, addresses end in `@<run>.example.com`. Lower-case letters and digits. */
  run: string;
  folder: string;
  users: number;
  mailsPerSecond: number;
  preferencesPerSecond: number;
  signUpsPerSecond: number;
};

/** What a traffic process tells its parent, twice a second. */
export type TrafficCounts = {
  requests: number;
  failed: number;
  acknowledgedMails: number;
  acknowledgedPreferences: number;
  stale: number;
  slowestMs: number;
};
export type TrafficMessage = { kind: 'ready' } | { kind: 'counts'; counts: TrafficCounts } | { kind: 'stuck'; text: string };

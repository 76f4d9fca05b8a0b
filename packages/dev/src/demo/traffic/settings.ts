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
  /** A team that is made, renamed, invited to, and in half of the cases deleted. */
  teamsPerSecond: number;
  /** A user that signs up, changes a preference, and is deleted. */
  deletionsPerSecond: number;
  /** A person who signs in with the development provider of `providerTarget`'s project, and whose program refreshes both its tokens. */
  providerSignInsPerSecond: number;
  providerTarget: SdkTarget;
};

/** What a traffic process tells its parent, twice a second. */
export type TrafficCounts = {
  requests: number;
  failed: number;
  acknowledgedMails: number;
  acknowledgedPreferences: number;
  acknowledgedOthers: number;
  stale: number;
  slowestMs: number;
};

export function noCounts(): TrafficCounts {
  return {
    requests: 0,
    failed: 0,
    acknowledgedMails: 0,
    acknowledgedPreferences: 0,
    acknowledgedOthers: 0,
    stale: 0,
    slowestMs: 0,
  };
}

export type TrafficMessage = { kind: 'ready' } | { kind: 'counts'; counts: TrafficCounts } | { kind: 'stuck'; text: string };

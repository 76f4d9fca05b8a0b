import { isDeepStrictEqual } from 'node:util';
import type { SdkVersion } from '../scenario/sdk.ts';
import type { CallRecord } from './call.ts';
import { type Trace, traceLines } from './traces.ts';

/**
 * What is known of one call of one version. `isAsRecorded`: its requests are those of the trace; null when there is none of it.
 * `notes` say what is wrong, for people.
 */
export type Row = {
  call: string;
  version: SdkVersion;
  direct: boolean;
  gateway: boolean;
  isSame: boolean;
  isAsRecorded: boolean | null;
  notes: string[];
};

/** Whether everything works at both doors, in the same way, with the requests once recorded. */
export function isGood(rows: readonly Row[]): boolean {
  return rows.length > 0 && rows.every((row) => row.direct && row.gateway && row.isSame && row.isAsRecorded !== false);
}

/** Sets both runs of a version beside each other and beside the trace. Pure. A call of the trace that was not made is a row that fails. */
export function judge(runs: { version: SdkVersion; direct: CallRecord[]; gateway: CallRecord[]; trace: Trace }): Row[] {
  const { version, direct, gateway, trace } = runs;
  const names = [...new Set([...direct, ...gateway].map(({ call }) => call))];
  const forgotten = [...trace.keys()].filter((name) => !names.includes(name));
  const find = (records: CallRecord[], name: string) => records.find(({ call }) => call === name);
  return [
    ...names.map((call) => rowOf({ call, version, direct: find(direct, call), gateway: find(gateway, call), recorded: trace.get(call) })),
    ...forgotten.map((call) => ({ ...missing(call, version), notes: ['recorded once, not called in this run'] })),
  ];
}

type Sides = { call: string; version: SdkVersion; direct?: CallRecord; gateway?: CallRecord; recorded?: readonly string[] };

function rowOf({
  call,
  version,
  direct,
  gateway,
  recorded,
}: { [Key in keyof Sides]: Sides[Key] | undefined } & Pick<Sides, 'call' | 'version'>): Row {
  const isSame = direct !== undefined && gateway !== undefined && isDeepStrictEqual(comparableOf(direct), comparableOf(gateway));
  const lines = direct === undefined ? [] : traceLines(direct.exchanges.map(({ request }) => request));
  const isAsRecorded = recorded === undefined ? null : isDeepStrictEqual(lines, [...recorded]);
  const notes = [...failureOf('direct', direct), ...failureOf('gateway', gateway)];
  if (!isSame && direct !== undefined && gateway !== undefined) notes.push(firstDifference(comparableOf(direct), comparableOf(gateway)));
  if (isAsRecorded === false) notes.push(`requests were ${JSON.stringify(lines)}, recorded ${JSON.stringify(recorded)}`);
  return { call, version, direct: direct?.works ?? false, gateway: gateway?.works ?? false, isSame, isAsRecorded, notes };
}

function missing(call: string, version: SdkVersion): Row {
  return { call, version, direct: false, gateway: false, isSame: false, isAsRecorded: false, notes: [] };
}

function comparableOf({ result, exchanges }: CallRecord): unknown {
  return { result, exchanges };
}

function failureOf(door: string, record: CallRecord | undefined): string[] {
  if (record === undefined) return [`${door}: not called`];
  if (record.works) return [];
  const { result } = record;
  return [`${door}: ${'refusal' in result ? `${result.refusal}: ${result.message}` : `gave ${JSON.stringify(result.value)}`}`];
}

/** The path to the first place where two values differ, and what stands there. */
function firstDifference(one: unknown, other: unknown, path = ''): string {
  if (isContainer(one) && isContainer(other)) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    const key = keys.find((each) => !isDeepStrictEqual(one[each], other[each]));
    if (key !== undefined) return firstDifference(one[key], other[key], `${path}.${key}`);
  }
  return `differs at ${path}: direct ${JSON.stringify(one)}, gateway ${JSON.stringify(other)}`;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

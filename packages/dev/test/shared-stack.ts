import type { DryRun, IntentReport } from '@atlas/contracts/control';
import type { VerifyReport } from '@atlas/contracts/flow';
import { type Phase, phases } from '@atlas/contracts/ledger';
import { requestJson } from '@atlas/kit/http';
import { waitFor } from '@atlas/kit/testing';
import pg from 'pg';
import { developmentKeys } from '../src/demo/clients.ts';
import { Control } from '../src/demo/control.ts';
import { measureLoad, verifyContracts } from '../src/demo/evidence.ts';
import { attachStack } from '../src/stack.ts';
import { Person } from './person.ts';

export const slice = 'notifications';
/** The stack of this test run, started by `npm test`. */
export const stack = attachStack();
export const control = new Control(stack.urls.migrate, slice);

const secondsMax = 100;
const attemptsMax = 5;
const timeoutMs = 15_000;

/** One statement as one role, on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(
  database: string,
  role: string,
  sql: string,
  params: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: stack.urls.database(database, role) });
  await client.connect();
  try {
    return (await client.query<Row>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

type Breakable = 'migrate' | 'cdc' | 'gatewayAdmin' | 'notifications';

/** Arms a failpoint in a running part. */
export async function arm(part: Breakable, name: string, action: string, times = 1): Promise<void> {
  const answer = await requestJson(`${stack.urls[part]}/failpoints`, { method: 'POST', body: { name, action, times }, timeoutMs });
  if (answer.status !== 200) throw new Error(`${part} did not arm ${name}: ${answer.status}`);
}

export async function disarm(part: Breakable): Promise<void> {
  await requestJson(`${stack.urls[part]}/failpoints`, { method: 'DELETE', timeoutMs });
}

/** What the control plane would do now, and the gates that would hold it. */
export async function dryRun(want: Phase): Promise<DryRun> {
  const answer = await requestJson(`${stack.urls.migrate}/intents`, {
    method: 'POST',
    body: { slice, want, dryRun: true, source: 'test' },
    timeoutMs,
  });
  if (answer.status !== 200) throw new Error(`dry run answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as DryRun;
}

/** Names of the gates that hold the way to a phase. */
export async function holdingGates(want: Phase): Promise<string[]> {
  return (await dryRun(want)).gates.filter((gate) => gate.verdict !== 'pass').map((gate) => gate.gate);
}

export async function verify(): Promise<VerifyReport> {
  const answer = await requestJson(`${stack.urls.migrate}/verify`, { method: 'POST', body: { slice }, timeoutMs: 60_000 });
  if (answer.status !== 200) throw new Error(`verify answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as VerifyReport;
}

/** Asks for a phase and waits until it is reached, with somebody reading all the while, so that shadow has something to compare. */
export async function bringTo(phase: Phase): Promise<void> {
  const status = await control.status();
  const isFull = phase !== 'canary' || status.splitBasisPoints === 10_000;
  if (status.phase === phase && status.move === null && isFull) return;
  if (isBefore(status.phase, 'canary') && !isBefore(phase, 'canary')) await ensureEvidence();
  const person = await Person.signUp(stack.urls.gateway);
  const reading = new AbortController();
  const reads = readUntil(person, reading.signal);
  try {
    await arrive(phase);
  } finally {
    reading.abort();
    await reads;
  }
}

/** Follows one intent to its end. Throws with its reason when it fails or takes over 100 s. */
export async function follow(id: number): Promise<IntentReport> {
  const report = await waitFor(
    `intent ${id}`,
    async () => {
      const now = await control.intent(id);
      return ['done', 'failed', 'withdrawn'].includes(now.state) ? now : undefined;
    },
    { timeoutMs: secondsMax * 1000 },
  );
  return report;
}

/** A move that ran out of its budget on a busy machine was aborted without harm: it is asked for again. */
async function arrive(phase: Phase): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const report = await follow(await control.ask(phase));
    if (report.state === 'done') return;
    if (attempt === attemptsMax || !report.reason.includes('aborted')) throw new Error(`${phase} was not reached: ${report.reason}`);
  }
}

/** Contracts and load, once: their evidence lasts longer than a test run. */
async function ensureEvidence(): Promise<void> {
  const { evidence, owner } = await control.status();
  const has = (kind: string) =>
    evidence.some((row) => row.kind === kind && row.verdict === 'pass' && Date.parse(row.expiresAt) > Date.now() + 600_000);
  const place = {
    prefix: stack.prefix,
    publicUrl: stack.urls.public,
    gatewayUrl: stack.urls.gateway,
    migrateUrl: stack.urls.migrate,
    logFolder: `${stack.folder}/logs`,
  };
  if (!has('pact') && owner === 'legacy') await verifyContracts(place);
  if (!has('load')) await measureLoad(place, { rate: 5, seconds: 2 });
}

async function readUntil(person: Person, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status } = await person.preferences();
    if (status !== 200) throw new Error(`a read answered ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

function isBefore(one: Phase, other: Phase): boolean {
  return phases.indexOf(one) < phases.indexOf(other);
}

/** What SDKs are pointed at: the gateway, or the legacy itself. */
export function target(at: 'gateway' | 'legacy') {
  return { baseUrl: stack.urls[at], ...developmentKeys };
}

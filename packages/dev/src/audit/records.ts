import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** `unknown`: no answer came, the write may or may not have happened. */
export const outcomes = ['ok', 'refused', 'unknown'] as const;
export type Outcome = (typeof outcomes)[number];

const who = { client: z.string(), n: z.int() };
const outcome = z.enum(outcomes);

/** One line of a client's own file. `at` is milliseconds since 1970, `ms` how long it took. */
export const clientRecord = z.discriminatedUnion('type', [
  /** Every HTTP request, as the SDK's fetch saw it. `expected`: the answer is the one this client asked for. */
  z.strictObject({
    type: z.literal('request'),
    ...who,
    kind: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int().nullable(),
    expected: z.boolean(),
    ms: z.number(),
    at: z.number(),
    error: z.string().optional(),
  }),
  /** One mail to one user, with a subject that no other mail has. */
  z.strictObject({ type: z.literal('mail'), ...who, subject: z.string(), userId: z.string(), outcome, at: z.number() }),
  /** A sign-up that asks for a verification mail to an address of its own. */
  z.strictObject({ type: z.literal('sign-up'), ...who, email: z.string(), outcome, at: z.number() }),
  /** An invitation to a team, mailed to an address of its own. */
  z.strictObject({ type: z.literal('invitation'), ...who, email: z.string(), outcome, at: z.number() }),
  /** One change of a team that has a name of its own; one client makes them, one after the other. */
  z.strictObject({
    type: z.literal('team'),
    ...who,
    name: z.string(),
    change: z.enum(['created', 'renamed', 'deleted']),
    outcome,
    at: z.number(),
  }),
  /** A user that was deleted, with everything that hangs on it. */
  z.strictObject({ type: z.literal('deletion'), ...who, userId: z.string(), outcome, at: z.number() }),
  /** A register: the last acknowledged value stays. `n` grows within one client, and one client writes one register. */
  z.strictObject({
    type: z.literal('preference'),
    ...who,
    userId: z.string(),
    categoryId: z.string(),
    enabled: z.boolean(),
    outcome,
    at: z.number(),
  }),
  /** What the same client read back after an acknowledged write. */
  z.strictObject({
    type: z.literal('read-back'),
    ...who,
    userId: z.string(),
    categoryId: z.string(),
    expected: z.boolean(),
    seen: z.boolean(),
    at: z.number(),
  }),
]);
export type ClientRecord = z.infer<typeof clientRecord>;

const recordsMax = 2_000_000;

/** Every record in the `*.jsonl` files of a folder. Throws with file and line when one cannot be read: an audit of half the records is none. */
export async function readRecords(folder: string): Promise<ClientRecord[]> {
  const records: ClientRecord[] = [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  if (files.length === 0) throw new Error(`no client left records in ${folder}`);
  for (const file of files.sort()) await readFile(join(folder, file), records);
  return records;
}

async function readFile(path: string, records: ClientRecord[]): Promise<void> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    line += 1;
    if (text === '') continue;
    if (records.length >= recordsMax) throw new Error(`more than ${recordsMax} records`);
    records.push(readRecord(text, `${path}:${line}`));
  }
}

function readRecord(text: string, place: string): ClientRecord {
  try {
    return clientRecord.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${place} is not a record`, { cause: error });
  }
}

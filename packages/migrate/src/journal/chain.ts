import { createHash } from 'node:crypto';
import type { JournalEntry } from '@atlas/contracts/control';

/** Where a chain begins. */
export const genesisHash = '0'.repeat(64);

/** SHA-256 (hex) over everything of an entry but its own hash, in canonical JSON: object keys sorted, no white space. */
export function entryHash(entry: Omit<JournalEntry, 'hash'>): string {
  const { seq, at, slice, tenant, kind, payload, prevHash } = entry;
  return createHash('sha256')
    .update(canonical([prevHash, seq, at, slice, tenant, kind, payload]))
    .digest('hex');
}

/** The seq of the first entry that does not follow from the one before, or null. `before` is the hash in front of the first entry. */
export function firstBreak(entries: readonly JournalEntry[], before = genesisHash): string | null {
  let previous = before;
  for (const entry of entries) {
    if (entry.prevHash !== previous || entry.hash !== entryHash(entry)) return entry.seq;
    previous = entry.hash;
  }
  return null;
}

/** What is written is what is hashed: bigint becomes text, undefined goes, as in JSON. */
export function plainPayload(payload: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(payload, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}

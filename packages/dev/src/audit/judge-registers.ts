import type { Facts, Finding } from './finding.ts';
import type { ClientRecord } from './records.ts';

type Write = Extract<ClientRecord, { type: 'preference' }>;

/** Registers: the final value is the last acknowledged one, or that of any write whose outcome is unknown. Without a row: enabled. */
export function judgeRegisters(records: ClientRecord[], preferences: Facts['preferences']): Finding[] {
  const finals = new Map(preferences.map((row) => [keyOf(row), row.enabled]));
  const writes = records.filter((record) => record.type === 'preference');
  return [...Map.groupBy(writes, keyOf)].flatMap(([key, all]) => {
    const final = finals.get(key) ?? true;
    const allowed = allowedFinals(all);
    if (allowed.has(final)) return [];
    const client = all[0]?.client ?? '';
    return [{ kind: 'lost', text: `${client}: preference ${key} ends as ${final}, acknowledged was ${[...allowed].join(' or ')}` }];
  });
}

function allowedFinals(writes: Write[]): Set<boolean> {
  const inOrder = writes.toSorted((one, other) => one.n - other.n);
  const lastOk = inOrder.findLast((write) => write.outcome === 'ok')?.enabled ?? true;
  const unknown = inOrder.filter((write) => write.outcome === 'unknown').map((write) => write.enabled);
  return new Set([lastOk, ...unknown]);
}

function keyOf({ userId, categoryId }: { userId: string; categoryId: string }): string {
  return `${userId}/${categoryId}`;
}

import type { Facts, Finding } from './finding.ts';
import type { ClientRecord } from './records.ts';

/** Users: a deleted one is gone, and so is what other slices kept of it. */
export function judgeDeletions(records: ClientRecord[], { stillThere, withPreferences }: Facts['deletedUsers']): Finding[] {
  const deleted = new Set(
    records.filter((record) => record.type === 'deletion' && record.outcome === 'ok').map((record) => 'userId' in record && record.userId),
  );
  return [
    ...stillThere
      .filter((userId) => deleted.has(userId))
      .map((userId): Finding => ({ kind: 'lost', text: `user ${userId} was deleted and is there all the same` })),
    ...withPreferences
      .filter((userId) => deleted.has(userId))
      .map((userId): Finding => ({ kind: 'lost', text: `user ${userId} was deleted and its preferences are still there` })),
  ];
}

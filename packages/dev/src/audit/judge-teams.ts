import type { Finding } from './finding.ts';
import type { ClientRecord } from './records.ts';

type TeamRecord = Extract<ClientRecord, { type: 'team' }>;
const renamedSuffix = ' renamed';

/** The name a team has after it was renamed. */
export function renamed(name: string): string {
  return `${name}${renamedSuffix}`;
}

/** Teams: each is there once, by its last acknowledged name or that of a later change nobody knows about; a deleted one is gone. */
export function judgeTeams(records: ClientRecord[], names: readonly string[]): Finding[] {
  const rows = Map.groupBy(names, (name) => (name.endsWith(renamedSuffix) ? name.slice(0, -renamedSuffix.length) : name));
  const changes = Map.groupBy(
    records.filter((record) => record.type === 'team'),
    (record) => record.name,
  );
  const strangers = [...rows.keys()].filter((name) => !changes.has(name));
  return [
    ...[...changes].flatMap(([name, of]) => judgeTeam(name, of, rows.get(name) ?? [])),
    ...strangers.map((name): Finding => ({ kind: 'unexplained', text: `team "${name}" was never asked for` })),
  ];
}

function judgeTeam(name: string, changes: readonly TeamRecord[], rows: readonly string[]): Finding[] {
  const extra = rows.slice(1).map((): Finding => ({ kind: 'doubled', text: `team "${name}" is there ${rows.length} times` }));
  const last = changes.findLastIndex(({ outcome }) => outcome === 'ok');
  const later = changes.slice(last + 1).filter(({ outcome }) => outcome === 'unknown');
  const allowed = [...(last < 0 ? [null] : [nameAfter(changes[last])]), ...later.map(nameAfter)];
  const found = rows[0] ?? null;
  if (allowed.includes(found)) return extra;
  const kind = allowed.every((one) => one === null) ? 'unexplained' : 'lost';
  return [{ kind, text: `team "${name}" should be ${allowed.map(say).join(' or ')} and is ${say(found)}` }, ...extra];
}

function nameAfter(record: TeamRecord | undefined): string | null {
  if (record === undefined || record.change === 'deleted') return null;
  return record.change === 'renamed' ? renamed(record.name) : record.name;
}

function say(name: string | null): string {
  return name === null ? 'gone' : `"${name}"`;
}

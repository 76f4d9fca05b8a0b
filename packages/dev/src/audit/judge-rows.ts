import type { Facts, Finding } from './finding.ts';
import type { ClientRecord } from './records.ts';

/** Rows: an acknowledged one is there exactly once, an unknown one at most once, a refused one not at all, and nothing else is there. */
export function judgeRows(records: ClientRecord[], rows: Facts['rows']): Finding[] {
  const bySubject = Map.groupBy(rows, (row) => row.subject);
  const byEmail = Map.groupBy(rows, (row) => row.email ?? '');
  const mails = records.filter((record) => record.type === 'mail');
  const known = new Set(mails.map((mail) => mail.subject));
  const strangers = rows.filter((row) => row.email === null && !known.has(row.subject));
  return [
    ...mails.flatMap((mail) => judgeCount(mail, `mail "${mail.subject}"`, bySubject.get(mail.subject)?.length ?? 0)),
    ...records
      .filter((record) => record.type === 'sign-up' || record.type === 'invitation')
      .flatMap((record) => judgeCount(record, `${mailOf[record.type]} ${record.email}`, byEmail.get(record.email)?.length ?? 0)),
    ...strangers.map((row): Finding => ({ kind: 'unexplained', text: `row ${row.id} "${row.subject}" was never asked for` })),
  ];
}

const mailOf = { 'sign-up': 'verification mail of', invitation: 'invitation of' } as const;

function judgeCount({ outcome }: { outcome: 'ok' | 'refused' | 'unknown' }, what: string, count: number): Finding[] {
  if (outcome === 'refused' && count > 0) return [{ kind: 'unexplained', text: `${what} was refused and is there ${count} times` }];
  if (outcome === 'ok' && count === 0) return [{ kind: 'lost', text: `${what} was acknowledged and is not there` }];
  const extra = Math.max(0, count - 1);
  return Array.from({ length: extra }, () => ({ kind: 'doubled', text: `${what} is there ${count} times` }));
}

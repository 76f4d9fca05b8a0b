import type { Facts, Finding } from './finding.ts';
import type { ClientRecord } from './records.ts';

type Verdict = { accepted: number; delivered: number; findings: Finding[] };
type Expected = { key: string; outcome: 'ok' | 'refused' | 'unknown'; what: string };

const verification = 'verification mail';
const invitation = 'invitation';

/** Mails: each accepted one arrived once. Doubled is one Message-ID accepted twice, or two mails for one acknowledged write. */
export function judgeMails(records: ClientRecord[], mails: Facts['mails']): Verdict {
  const expected = records.flatMap(expectedOf);
  const arrived = Map.groupBy(mails, keyOf);
  const counts = expected.map((one) => ({ ...one, count: arrived.get(one.key)?.length ?? 0 }));
  const accepted = counts.filter((one) => one.outcome === 'ok');
  return {
    accepted: accepted.length,
    delivered: accepted.filter((one) => one.count > 0).length,
    findings: [
      ...accepted.filter((one) => one.count === 0).map((one): Finding => ({ kind: 'mail-lost', text: `${one.what} never arrived` })),
      ...counts.filter((one) => one.outcome === 'refused' && one.count > 0).map(refusedButSent),
      ...[...arrived].flatMap(([key, copies]) => doubled(key, copies)),
    ],
  };
}

function expectedOf(record: ClientRecord): Expected[] {
  if (record.type === 'mail') return [{ key: record.subject, outcome: record.outcome, what: `mail "${record.subject}"` }];
  if (record.type === 'sign-up')
    return [{ key: `${verification} ${record.email}`, outcome: record.outcome, what: `${verification} of ${record.email}` }];
  if (record.type === 'invitation')
    return [{ key: `${invitation} ${record.email}`, outcome: record.outcome, what: `${invitation} of ${record.email}` }];
  return [];
}

function keyOf(mail: Facts['mails'][number]): string {
  if (mail.subject.startsWith('Verify your email')) return `${verification} ${mail.to[0] ?? ''}`;
  if (mail.subject.startsWith('You have been invited')) return `${invitation} ${mail.to[0] ?? ''}`;
  return mail.subject;
}

function refusedButSent({ what }: Expected): Finding {
  return { kind: 'unexplained', text: `${what} was refused and arrived all the same` };
}

function doubled(key: string, copies: Facts['mails']): Finding[] {
  return copies.slice(1).map((copy) => ({ kind: 'mail-doubled', text: `"${key}" arrived ${copies.length} times (${copy.messageId})` }));
}

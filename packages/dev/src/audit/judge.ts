import type { Facts, Finding } from './finding.ts';
import { judgeDeletions } from './judge-deletions.ts';
import { judgeMails } from './judge-mails.ts';
import { judgeRegisters } from './judge-registers.ts';
import { judgeRows } from './judge-rows.ts';
import { judgeTeams } from './judge-teams.ts';
import type { ClientRecord } from './records.ts';

/** The result of an audit. `details` is cut at 200 findings; the counts are not. */
export type AuditReport = {
  requests: number;
  failed: number;
  slowestMs: number;
  acknowledgedWrites: number;
  acknowledgedRows: number;
  acknowledgedSignUps: number;
  /** Teams made, renamed or deleted, and invitations. */
  acknowledgedTeamChanges: number;
  acknowledgedDeletions: number;
  lost: number;
  doubled: number;
  /** Rows or mails of the run that no acknowledged or unknown write explains: a refused write that happened all the same. */
  unexplained: number;
  staleOwnReads: number;
  mailsAccepted: number;
  mailsDelivered: number;
  mailsDoubled: number;
  /** Deleted users of whom the owner has not forgotten everything yet. */
  forgetting: number;
  details: Finding[];
};

const detailsMax = 200;

/** Compares what clients were told with what is there. Pure, and knows nothing of how the data moves. */
export function judge(records: ClientRecord[], facts: Facts): AuditReport {
  const requests = records.filter((record) => record.type === 'request');
  const mails = judgeMails(records, facts.mails);
  const findings = [
    ...judgeRows(records, facts.rows),
    ...judgeRegisters(records, facts.preferences),
    ...judgeTeams(records, facts.teams),
    ...judgeDeletions(records, facts.deletedUsers),
    ...staleReads(records),
    ...failedRequests(requests),
    ...mails.findings,
  ];
  const count = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).length;
  const acknowledged = (...types: ClientRecord['type'][]) =>
    records.filter((record) => types.includes(record.type) && 'outcome' in record && record.outcome === 'ok').length;
  return {
    requests: requests.length,
    failed: count('failed'),
    slowestMs: Math.round(requests.reduce((most, { ms }) => Math.max(most, ms), 0)),
    acknowledgedWrites: acknowledged('mail', 'preference', 'sign-up', 'invitation', 'team', 'deletion'),
    acknowledgedRows: acknowledged('mail'),
    acknowledgedSignUps: acknowledged('sign-up'),
    acknowledgedTeamChanges: acknowledged('team', 'invitation'),
    acknowledgedDeletions: acknowledged('deletion'),
    lost: count('lost'),
    doubled: count('doubled'),
    unexplained: count('unexplained'),
    staleOwnReads: count('stale'),
    mailsAccepted: mails.accepted,
    mailsDelivered: mails.delivered,
    mailsDoubled: count('mail-doubled'),
    forgetting: facts.deletedUsers.withPreferences.length,
    details: findings.slice(0, detailsMax),
  };
}

/** Whether what goes on by itself after the last request is over: accepted mails arrived, deleted users are forgotten. */
export function isDrained({ mailsAccepted, mailsDelivered, forgetting }: AuditReport): boolean {
  return mailsDelivered >= mailsAccepted && forgetting === 0;
}

/** Whether nothing was lost, doubled, unexplained, stale or refused, and every accepted mail arrived. */
export function isClean(report: AuditReport): boolean {
  const { failed, lost, doubled, unexplained, staleOwnReads, mailsDoubled, mailsAccepted, mailsDelivered } = report;
  return failed + lost + doubled + unexplained + staleOwnReads + mailsDoubled === 0 && mailsAccepted === mailsDelivered;
}

function staleReads(records: ClientRecord[]): Finding[] {
  return records.flatMap((record) => {
    if (record.type !== 'read-back' || record.seen === record.expected) return [];
    return [{ kind: 'stale', text: `${record.client} #${record.n} set ${record.expected} and read ${record.seen}` }];
  });
}

function failedRequests(requests: Extract<ClientRecord, { type: 'request' }>[]): Finding[] {
  return requests
    .filter((request) => !request.expected)
    .map(({ client, n, method, path, status, error }) => ({
      kind: 'failed',
      text: `${client} #${n} ${method} ${path} → ${status ?? error ?? 'no answer'}`,
    }));
}

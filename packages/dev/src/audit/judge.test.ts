import { expect, test } from 'vitest';
import type { Facts } from './finding.ts';
import { isClean, isDrained, judge } from './judge.ts';
import type { ClientRecord, Outcome } from './records.ts';

const at = 1;
const categoryId = 'marketing';
const mail = (n: number, outcome: Outcome = 'ok'): ClientRecord => ({
  type: 'mail',
  client: 'c1',
  n,
  subject: `run c1 #${n}`,
  userId: 'u',
  outcome,
  at,
});
const preference = (n: number, enabled: boolean, outcome: Outcome = 'ok'): ClientRecord => ({
  type: 'preference',
  client: 'c1',
  n,
  userId: 'u',
  categoryId,
  enabled,
  outcome,
  at,
});
const signUp = (email: string, outcome: Outcome = 'ok'): ClientRecord => ({ type: 'sign-up', client: 'c1', n: 0, email, outcome, at });
const row = (n: number, id = `row-${n}`): Facts['rows'][number] => ({ id, subject: `run c1 #${n}`, userId: 'u', email: null });
const verificationRow = (email: string, id = email): Facts['rows'][number] => ({
  id,
  subject: 'Verify your email at P',
  userId: 'u',
  email,
});
const delivered = (n: number, messageId = `<row-${n}@notifications>`): Facts['mails'][number] => ({
  messageId,
  subject: `run c1 #${n}`,
  to: ['a@example.com'],
});
const request = (status: number | null, expected: boolean): ClientRecord => ({
  type: 'request',
  client: 'c1',
  n: 1,
  kind: 'mail',
  method: 'POST',
  path: '/api/v1/emails/send-email',
  status,
  expected,
  ms: 12.4,
  at,
});
const facts = (given: Partial<Facts> = {}): Facts => ({
  rows: [],
  preferences: [],
  teams: [],
  deletedUsers: { stillThere: [], withPreferences: [] },
  mails: [],
  ...given,
});

test('a run in which everything acknowledged is there exactly once is clean', () => {
  const records = [mail(1), mail(2, 'refused'), mail(3, 'unknown'), preference(1, false), signUp('a@example.com'), request(200, true)];
  const verification = { messageId: '<v@notifications>', subject: 'Verify your email at P', to: ['a@example.com'] };
  const report = judge(
    records,
    facts({
      rows: [row(1), row(3), verificationRow('a@example.com')],
      preferences: [{ userId: 'u', categoryId, enabled: false }],
      mails: [delivered(1), delivered(3), verification],
    }),
  );
  expect(report).toMatchObject({
    acknowledgedWrites: 3,
    acknowledgedRows: 1,
    mailsAccepted: 2,
    mailsDelivered: 2,
    requests: 1,
    slowestMs: 12,
  });
  expect(report.details).toEqual([]);
  expect(isClean(report)).toBe(true);
});

test('an acknowledged row that is not there is lost', () => {
  const report = judge([mail(1)], facts({ mails: [delivered(1)] }));
  expect(report).toMatchObject({ lost: 1, doubled: 0 });
  expect(report.details[0]?.text).toBe('mail "run c1 #1" was acknowledged and is not there');
  expect(isClean(report)).toBe(false);
});

test('a row that is there twice is doubled, also when its outcome is unknown', () => {
  const report = judge([mail(1), mail(2, 'unknown')], facts({ rows: [row(1), row(1, 'b'), row(2), row(2, 'c')], mails: [delivered(1)] }));
  expect(report).toMatchObject({ lost: 0, doubled: 2 });
  expect(isClean(report)).toBe(false);
});

test('a refused write that happened, and a row nobody asked for, are unexplained', () => {
  const report = judge([mail(1, 'refused')], facts({ rows: [row(1), row(9)], mails: [delivered(1)] }));
  expect(report).toMatchObject({ lost: 0, doubled: 0, unexplained: 3 });
  expect(isClean(report)).toBe(false);
});

test('a write of unknown outcome may be there or not', () => {
  expect(isClean(judge([mail(1, 'unknown')], facts()))).toBe(true);
  expect(isClean(judge([mail(1, 'unknown')], facts({ rows: [row(1)], mails: [delivered(1)] })))).toBe(true);
});

test('a register keeps the last acknowledged value', () => {
  const writes = [preference(1, true), preference(2, false)];
  expect(judge(writes, facts({ preferences: [{ userId: 'u', categoryId, enabled: true }] }))).toMatchObject({ lost: 1 });
  expect(judge(writes, facts({ preferences: [{ userId: 'u', categoryId, enabled: false }] }))).toMatchObject({ lost: 0 });
});

test('a register without a row is enabled', () => {
  expect(judge([preference(1, false)], facts())).toMatchObject({ lost: 1 });
  expect(judge([preference(1, false), preference(2, true)], facts())).toMatchObject({ lost: 0 });
});

test('a register may also hold the value of any write whose outcome is unknown', () => {
  const writes = [preference(1, false, 'unknown'), preference(2, true)];
  expect(judge(writes, facts({ preferences: [{ userId: 'u', categoryId, enabled: false }] }))).toMatchObject({ lost: 0 });
});

test('a register never holds a refused value', () => {
  const writes = [preference(1, true), preference(2, false, 'refused')];
  expect(judge(writes, facts({ preferences: [{ userId: 'u', categoryId, enabled: false }] }))).toMatchObject({ lost: 1 });
});

test('a client that does not see its own acknowledged write has read stale', () => {
  const readBack: ClientRecord = { type: 'read-back', client: 'c1', n: 4, userId: 'u', categoryId, expected: false, seen: true, at };
  const report = judge([readBack], facts());
  expect(report.staleOwnReads).toBe(1);
  expect(report.details[0]?.text).toBe('c1 #4 set false and read true');
  expect(isClean(report)).toBe(false);
});

test('a request that was not answered as asked for has failed', () => {
  const report = judge([request(503, false), request(null, false), request(400, true)], facts());
  expect(report).toMatchObject({ requests: 3, failed: 2 });
  expect(isClean(report)).toBe(false);
});

test('an accepted mail that never arrived is missing, not doubled', () => {
  const report = judge([mail(1)], facts({ rows: [row(1)] }));
  expect(report).toMatchObject({ mailsAccepted: 1, mailsDelivered: 0, mailsDoubled: 0 });
  expect(isClean(report)).toBe(false);
});

test('one Message-ID that arrived twice is a doubled mail, and so are two mails for one write', () => {
  const twice = judge([mail(1)], facts({ rows: [row(1)], mails: [delivered(1), delivered(1)] }));
  const other = judge([mail(1)], facts({ rows: [row(1)], mails: [delivered(1), delivered(1, '<other@notifications>')] }));
  expect([twice.mailsDoubled, other.mailsDoubled]).toEqual([1, 1]);
  expect(isClean(twice)).toBe(false);
});

test('the verification mail of an acknowledged sign-up is there once and arrived once', () => {
  const report = judge(
    [signUp('a@example.com'), signUp('b@example.com')],
    facts({ rows: [verificationRow('a@example.com'), verificationRow('a@example.com', '2')] }),
  );
  expect(report).toMatchObject({ lost: 1, doubled: 1, mailsAccepted: 2, mailsDelivered: 0 });
});

const team = (n: number, change: 'created' | 'renamed' | 'deleted', outcome: Outcome = 'ok'): ClientRecord => ({
  type: 'team',
  client: 'c1',
  n,
  name: `run c1 team #${n}`,
  change,
  outcome,
  at,
});

test.each([
  ['is there by its last name', [team(1, 'created'), team(1, 'renamed')], ['run c1 team #1 renamed'], {}],
  ['is gone', [team(1, 'created'), team(1, 'deleted')], [], {}],
  ['may have been renamed or not', [team(1, 'created'), team(1, 'renamed', 'unknown')], ['run c1 team #1'], {}],
  ['may have been made or not', [team(1, 'created', 'unknown')], [], {}],
  ['has its old name again', [team(1, 'created'), team(1, 'renamed')], ['run c1 team #1'], { lost: 1 }],
  ['was acknowledged and is not there', [team(1, 'created')], [], { lost: 1 }],
  ['is there twice', [team(1, 'created')], ['run c1 team #1', 'run c1 team #1'], { doubled: 1 }],
  ['was deleted and is there', [team(1, 'created'), team(1, 'deleted')], ['run c1 team #1'], { unexplained: 1 }],
  ['was refused and is there', [team(1, 'created', 'refused')], ['run c1 team #1'], { unexplained: 1 }],
  ['was never asked for', [], ['run c1 team #7'], { unexplained: 1 }],
])('a team that %s', (_label, records, teams, wrong) => {
  const { lost, doubled, unexplained } = judge(records, facts({ teams }));
  expect({ lost, doubled, unexplained }).toEqual({ lost: 0, doubled: 0, unexplained: 0, ...wrong });
});

test('a deleted user who is there all the same, or whose preferences are, is lost work; it counts as drained only when forgotten', () => {
  const deletion: ClientRecord = { type: 'deletion', client: 'c1', n: 1, userId: 'u1', outcome: 'ok', at };
  const left = (deletedUsers: Facts['deletedUsers']) => judge([deletion], facts({ deletedUsers }));
  expect(left({ stillThere: [], withPreferences: [] })).toMatchObject({ lost: 0, acknowledgedDeletions: 1 });
  expect(left({ stillThere: ['u1'], withPreferences: [] })).toMatchObject({ lost: 1 });
  expect(left({ stillThere: [], withPreferences: ['u1'] })).toMatchObject({ lost: 1 });
  expect(isDrained(left({ stillThere: [], withPreferences: ['u1'] }))).toBe(false);
});

test('a deletion that was refused leaves the user', () => {
  const refused: ClientRecord = { type: 'deletion', client: 'c1', n: 1, userId: 'u1', outcome: 'refused', at };
  expect(judge([refused], facts({ deletedUsers: { stillThere: ['u1'], withPreferences: ['u1'] } }))).toMatchObject({ lost: 0 });
});

test('an invitation brings one mail and one row', () => {
  const invitation: ClientRecord = { type: 'invitation', client: 'c1', n: 1, email: 'i@example.com', outcome: 'ok', at };
  const mail = { messageId: '<i@notifications>', subject: 'You have been invited to join T', to: ['i@example.com'] };
  const invited = { id: 'i', subject: mail.subject, userId: null, email: 'i@example.com' };
  expect(isClean(judge([invitation], facts({ rows: [invited], mails: [mail] })))).toBe(true);
  expect(judge([invitation], facts())).toMatchObject({ lost: 1, mailsAccepted: 1, mailsDelivered: 0 });
  expect(judge([invitation], facts({ rows: [invited, { ...invited, id: 'j' }], mails: [mail, mail] }))).toMatchObject({
    doubled: 1,
    mailsDoubled: 1,
  });
});

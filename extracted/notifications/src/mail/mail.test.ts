import { describe, expect, test } from 'vitest';
import { edited, type Mail, mailItem, newMail, statusOf, wantedStatuses } from './mail.ts';

const now = new Date('2026-06-01T12:00:00Z');
const earlier = new Date(now.getTime() - 1_000);
const later = new Date(now.getTime() + 1_000);

function mail(changes: Partial<Mail> = {}): Mail {
  const content = {
    tenancyId: 't',
    id: 'm',
    recipient: { type: 'custom-emails' as const, emails: ['a@example.com'] },
    source: '<p>x</p>',
    html: '<p>x</p>',
    text: null,
    subject: 's',
    themeId: null,
    variables: {},
    createdWith: 'programmatic-call',
    templateId: null,
    isTransactional: true,
    isHighPriority: false,
    notificationCategoryId: null,
    scheduledAt: earlier,
  };
  return { ...newMail(content, earlier), ...changes };
}

describe('a mail is', () => {
  test.each<[string, Partial<Mail>]>([
    ['queued', {}],
    ['scheduled', { scheduledAt: later }],
    ['paused', { isPaused: true, scheduledAt: later }],
    ['sending', { startedSendingAt: earlier, isPaused: true }],
    ['sent', { startedSendingAt: earlier, finishedSendingAt: now, outcome: 'sent' }],
    ['skipped', { finishedSendingAt: now, outcome: 'skipped' }],
    ['skipped', { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled' }],
    ['server-error', { startedSendingAt: earlier, finishedSendingAt: now, outcome: 'server-error' }],
    ['server-error', { startedSendingAt: earlier, finishedSendingAt: now, outcome: 'unknown' }],
  ])('%s', (status, changes) => {
    expect(statusOf(mail(changes), now)).toBe(status);
    expect(mailItem(mail(changes), now)).toMatchObject({ status, is_paused: status === 'paused', has_delivered: status === 'sent' });
  });
});

test('a mail that may or may not have arrived says so', () => {
  expect(mailItem(mail({ outcome: 'unknown', finishedSendingAt: now }), now)['server_error']).toContain('may have been sent');
});

test('only a mail that has not begun to leave can be edited', () => {
  expect(edited(mail(), { subject: 'new', isPaused: true }, now)).toMatchObject({
    subject: 'new',
    isPaused: true,
    updatedAt: now,
    outcome: null,
  });
  expect(edited(mail(), { cancel: true }, now)).toMatchObject({ cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled' });
  for (const changes of [{ startedSendingAt: earlier }, { outcome: 'sent' as const }, { cancelledAt: earlier }])
    expect(() => edited(mail(changes), { subject: 'new' }, now)).toThrow(expect.objectContaining({ code: 'EMAIL_NOT_EDITABLE' }));
});

test('filters of a list name statuses; an unknown word allows none', () => {
  expect(wantedStatuses({ status: 'sent' })).toEqual(['sent']);
  expect(wantedStatuses({ simpleStatus: 'ok' })).toEqual(['skipped', 'sent']);
  expect(wantedStatuses({ status: 'sent', simpleStatus: 'error' })).toEqual([]);
  expect(wantedStatuses({ status: 'nonsense' })).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import { type Mail, newMail } from './mail.ts';
import { addressing, attempted, isUnsubscribed, postponed, sendLimits, skipped } from './sending.ts';

const now = new Date('2026-06-01T12:00:00Z');
const started = new Date(now.getTime() - 300);
const user = { id: 'u', displayName: null, isAnonymous: false, isDeleted: false, primaryEmail: 'u@example.com' };
const mail: Mail = newMail(
  {
    tenancyId: 't',
    id: 'm',
    recipient: { type: 'user-primary-email', user_id: 'u' },
    source: '',
    html: '',
    text: null,
    subject: null,
    themeId: null,
    variables: {},
    createdWith: 'programmatic-call',
    templateId: null,
    isTransactional: true,
    isHighPriority: false,
    notificationCategoryId: null,
    scheduledAt: now,
  },
  now,
);
const refused = (isForGood: boolean) => ({ kind: 'refused' as const, reason: '451 later', isForGood });

describe('a mail goes', () => {
  test('to the primary address of its user', () => {
    expect(addressing({ type: 'user-primary-email', user_id: 'u' }, user)).toEqual({ emails: ['u@example.com'] });
  });

  test('to given addresses, each once', () => {
    expect(addressing({ type: 'custom-emails', emails: ['a@x.de', 'a@x.de'] }, undefined)).toEqual({ emails: ['a@x.de'] });
    expect(addressing({ type: 'user-custom-emails', user_id: 'u', emails: ['a@x.de'] }, user)).toEqual({ emails: ['a@x.de'] });
  });

  test('nowhere, for a reason', () => {
    const primary = { type: 'user-primary-email' as const, user_id: 'u' };
    expect(addressing(primary, undefined)).toEqual({ skip: 'USER_ACCOUNT_DELETED' });
    expect(addressing(primary, { ...user, primaryEmail: null })).toEqual({ skip: 'USER_HAS_NO_PRIMARY_EMAIL' });
    expect(addressing({ type: 'user-custom-emails', user_id: 'u', emails: ['a@x.de'] }, undefined)).toEqual({
      skip: 'USER_ACCOUNT_DELETED',
    });
    expect(addressing({ type: 'custom-emails', emails: [] }, undefined)).toEqual({ skip: 'NO_EMAIL_PROVIDED' });
    expect(addressing({ type: 'everyone' } as never, user)).toEqual({ skip: 'NO_EMAIL_PROVIDED' });
  });
});

test('only a category that may be turned off can be', () => {
  const [fixed, optional] = [
    { id: 'a', name: 'Transactional', canDisable: false },
    { id: 'b', name: 'Marketing', canDisable: true },
  ] as never[];
  expect([
    isUnsubscribed(fixed, false),
    isUnsubscribed(optional, false),
    isUnsubscribed(optional, undefined),
    isUnsubscribed(undefined, false),
  ]).toEqual([false, true, false, false]);
});

describe('after an attempt', () => {
  test('an accepted mail is sent', () => {
    expect(attempted(mail, { kind: 'accepted' }, { started, finished: now })).toMatchObject({
      outcome: 'sent',
      startedSendingAt: started,
      finishedSendingAt: now,
    });
  });

  test('a mail of unknown fate is final: it is never sent again by itself', () => {
    const result = attempted(mail, { kind: 'unknown', reason: 'silence' }, { started, finished: now });
    expect(result).toMatchObject({ outcome: 'unknown', finishedSendingAt: now, nextSendRetryAt: null });
    expect(result.sendErrors).toHaveLength(1);
  });

  test('a refused mail is tried again with growing pauses, and given up after five attempts', () => {
    let current = mail;
    const pauses: number[] = [];
    for (let attempt = 1; attempt < sendLimits.attemptsMax; attempt += 1) {
      current = { ...current, ...attempted(current, refused(false), { started, finished: now }) };
      expect([current.outcome, current.startedSendingAt, current.sendRetries]).toEqual([null, null, attempt]);
      pauses.push((current.nextSendRetryAt?.getTime() ?? 0) - now.getTime());
    }
    expect(pauses).toEqual([2_000, 8_000, 32_000, 128_000]);
    const last = attempted(current, refused(false), { started, finished: now });
    expect([last.outcome, last.finishedSendingAt, last.sendErrors?.length]).toEqual(['server-error', now, 5]);
  });

  test('a mail refused for good is given up at once', () => {
    expect(attempted(mail, refused(true), { started, finished: now })).toMatchObject({ outcome: 'server-error', nextSendRetryAt: null });
  });

  test('what the mail server said stays inside', () => {
    const [error] = attempted(mail, refused(true), { started, finished: now }).sendErrors ?? [];
    expect(error).toMatchObject({
      attempt_number: 1,
      external_message: 'The mail server did not take the mail.',
      internal_message: '451 later',
    });
  });
});

test('a postponed mail has lost no attempt, a skipped one has not begun to leave', () => {
  expect(postponed({ ...mail, startedSendingAt: now }, now)).toMatchObject({ sendRetries: 0, startedSendingAt: null, outcome: null });
  expect(skipped({ ...mail, startedSendingAt: now }, 'USER_UNSUBSCRIBED', now)).toMatchObject({
    outcome: 'skipped',
    skippedReason: 'USER_UNSUBSCRIBED',
    startedSendingAt: null,
  });
});

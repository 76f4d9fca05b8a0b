import { emailOutboxReadSchema } from '@stackframe/stack-shared/dist/interface/crud/email-outbox';
import { describe, expect, test } from 'vitest';
import type { EmailOutbox } from '../generated/prisma/client.ts';
import { outboxItem, outboxStatus } from './outbox-item.ts';

const now = new Date('2026-11-24T12:00:00Z');
const later = new Date('2026-11-24T13:00:00Z');
const mail: EmailOutbox = {
  tenancyId: '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b0001',
  id: '51b092d5-45b1-458a-852d-56ea7e473c41',
  createdAt: now,
  updatedAt: now,
  recipient: { type: 'user-primary-email', user_id: '51b092d5-45b1-458a-852d-56ea7e473c41' },
  source: '<p>x</p>',
  themeId: null,
  variables: {},
  createdWith: 'programmatic-call',
  templateId: null,
  subject: 's',
  html: '<p>x</p>',
  text: null,
  isTransactional: true,
  isHighPriority: false,
  notificationCategoryId: '7bb82d33-2f54-4a3d-9d23-82739e0d66ef',
  scheduledAt: now,
  isPaused: false,
  cancelledAt: null,
  renderedAt: now,
  startedSendingAt: null,
  finishedSendingAt: null,
  sendRetries: 0,
  nextSendRetryAt: null,
  sendErrors: null,
  skippedReason: null,
  skippedDetails: null,
  outcome: null,
};

describe('a mail of the outbox', () => {
  const cases: [status: string, over: Partial<EmailOutbox>][] = [
    ['queued', {}],
    ['scheduled', { scheduledAt: later }],
    ['paused', { isPaused: true, scheduledAt: later }],
    ['sending', { startedSendingAt: now }],
    ['sent', { startedSendingAt: now, finishedSendingAt: now, outcome: 'sent' }],
    ['server-error', { startedSendingAt: now, finishedSendingAt: now, outcome: 'server-error', sendErrors: [] }],
    ['server-error', { startedSendingAt: now, finishedSendingAt: now, outcome: 'unknown' }],
    ['skipped', { finishedSendingAt: now, outcome: 'skipped', skippedReason: 'USER_UNSUBSCRIBED', skippedDetails: {} }],
    ['skipped', { finishedSendingAt: now, cancelledAt: now, outcome: 'cancelled' }],
  ];
  test.each(cases)('is %s with %o, and is what published clients can read', async (status, over) => {
    const row = { ...mail, ...over };
    expect(outboxStatus(row, now)).toBe(status);
    await expect(emailOutboxReadSchema.validate(outboxItem(row, now), { strict: true })).resolves.toBeDefined();
  });

  test('that was cancelled says so', () => {
    expect(outboxItem({ ...mail, cancelledAt: now, outcome: 'cancelled' }, now)).toMatchObject({ skipped_reason: 'MANUALLY_CANCELLED' });
  });

  test('without a subject still has one for clients', () => {
    expect(outboxItem({ ...mail, subject: null }, now)).toMatchObject({ subject: '' });
  });
});

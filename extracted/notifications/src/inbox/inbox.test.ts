import { describe, expect, test } from 'vitest';
import { mailOfRequest, userIdOf } from './inbox.ts';

const createdAt = new Date('2026-06-01T12:00:00Z');
const now = new Date('2026-06-01T12:00:01Z');
const payload = {
  recipient: { type: 'user-primary-email', user_id: 'u' },
  subject: 'Verify your email at P',
  html: '<a>x</a>',
  text: 'x',
  isTransactional: true,
  isHighPriority: true,
  notificationCategoryId: '7bb82d33-2f54-4a3d-9d23-82739e0d66ef',
};

test('a request becomes the mail with its own id, as old as the request', () => {
  expect(mailOfRequest({ tenancyId: 't', id: 'r', payload, createdAt }, now)).toMatchObject({
    ...payload,
    tenancyId: 't',
    id: 'r',
    createdAt,
    updatedAt: now,
    scheduledAt: createdAt,
    source: '<a>x</a>',
    outcome: null,
  });
});

describe('what cannot be read is told apart, never guessed', () => {
  test.each([null, 'x', {}, { ...payload, recipient: { type: 'everyone' } }, { ...payload, html: 5 }])('%j', (bad) => {
    expect(mailOfRequest({ tenancyId: 't', id: 'r', payload: bad, createdAt }, now)).toBeUndefined();
  });

  test('a deletion without a user', () => {
    expect([userIdOf({ user_id: 'u' }), userIdOf({}), userIdOf(null)]).toEqual(['u', undefined, undefined]);
  });
});

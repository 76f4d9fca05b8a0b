import { expect, test } from 'vitest';
import type { Recipient } from '../src/emails/recipient.ts';
import { addressing, type UserFacts } from './addressing.ts';

const known: UserFacts = { exists: true, primaryEmail: 'a@example.com', isUnsubscribed: false };
const primary: Recipient = { type: 'user-primary-email', user_id: 'u' };
const custom: Recipient = { type: 'user-custom-emails', user_id: 'u', emails: ['b@example.com', 'b@example.com'] };

const cases: [string, Recipient, UserFacts, object][] = [
  ['a user gets it at its primary address', primary, known, { emails: ['a@example.com'] }],
  ['given addresses each once', custom, known, { emails: ['b@example.com'] }],
  ['a deleted user gets nothing', primary, { ...known, exists: false, primaryEmail: null }, { skip: 'USER_ACCOUNT_DELETED' }],
  ['nor at given addresses', custom, { ...known, exists: false }, { skip: 'USER_ACCOUNT_DELETED' }],
  ['a user without a primary address', primary, { ...known, primaryEmail: null }, { skip: 'USER_HAS_NO_PRIMARY_EMAIL' }],
  ['a user who turned the category off', primary, { ...known, isUnsubscribed: true }, { skip: 'USER_UNSUBSCRIBED' }],
  [
    'addresses alone need no user',
    { type: 'custom-emails', emails: ['c@example.com'] },
    { ...known, exists: false },
    { emails: ['c@example.com'] },
  ],
  ['no address at all', { type: 'custom-emails', emails: [] }, known, { skip: 'NO_EMAIL_PROVIDED' }],
];
test.each(cases)('%s', (_name, recipient, user, outcome) => {
  expect(addressing(recipient, user)).toEqual(outcome);
});

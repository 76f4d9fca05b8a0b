import type { Recipient } from '../src/emails/recipient.ts';

// What a mail's recipient comes to at the moment of sending. Pure.

export type SkipReason = 'USER_ACCOUNT_DELETED' | 'USER_HAS_NO_PRIMARY_EMAIL' | 'USER_UNSUBSCRIBED' | 'NO_EMAIL_PROVIDED';

/** What is known of the recipient's user; `isUnsubscribed`: it turned the mail's category off. */
export type UserFacts = { exists: boolean; primaryEmail: string | null; isUnsubscribed: boolean };

/** The addresses, or why none gets it. */
export function addressing(recipient: Recipient, user: UserFacts): { emails: string[] } | { skip: SkipReason } {
  if (recipient.type !== 'custom-emails' && !user.exists) return { skip: 'USER_ACCOUNT_DELETED' };
  const emails = addressesOf(recipient, user);
  if (emails.length === 0) return { skip: recipient.type === 'user-primary-email' ? 'USER_HAS_NO_PRIMARY_EMAIL' : 'NO_EMAIL_PROVIDED' };
  if (recipient.type !== 'custom-emails' && user.isUnsubscribed) return { skip: 'USER_UNSUBSCRIBED' };
  return { emails: [...new Set(emails)] };
}

function addressesOf(recipient: Recipient, user: UserFacts): string[] {
  if (recipient.type !== 'user-primary-email') return recipient.emails;
  return user.primaryEmail === null ? [] : [user.primaryEmail];
}

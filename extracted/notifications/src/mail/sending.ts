import type { Category } from '../preferences/preference.ts';
import type { User } from '../users/user.ts';
import { type Mail, type Outcome, type Recipient, recipientSchema, type SendError } from './mail.ts';

// What one attempt to send a mail means for its row. Pure.

export type SkipReason = 'USER_ACCOUNT_DELETED' | 'USER_HAS_NO_PRIMARY_EMAIL' | 'USER_UNSUBSCRIBED' | 'NO_EMAIL_PROVIDED';
export type Addressing = { emails: string[] } | { skip: SkipReason };

/** What the mail server said, and how far the mail had got. `refused` may be tried again unless it is for good. */
export type Delivery = { kind: 'accepted' } | { kind: 'refused'; reason: string; isForGood: boolean } | { kind: 'unknown'; reason: string };

export const sendLimits = { attemptsMax: 5, firstRetryMs: 2_000, retryMsMax: 10 * 60_000 } as const;

/** Whose facts a mail needs; undefined when it goes to fixed addresses. */
export function userOf(recipient: Recipient): string | undefined {
  return recipient.type === 'custom-emails' ? undefined : recipient.user_id;
}

/** Where a mail goes, or why it does not. `user` is undefined when it does not exist (any more). */
export function addressing(recipient: Recipient, user: User | undefined): Addressing {
  // Rows come from the other side as well; one of another shape goes nowhere instead of stopping the sender.
  if (!recipientSchema.safeParse(recipient).success) return { skip: 'NO_EMAIL_PROVIDED' };
  if (recipient.type !== 'custom-emails' && user === undefined) return { skip: 'USER_ACCOUNT_DELETED' };
  const emails = recipient.type === 'user-primary-email' ? primaryEmails(user) : recipient.emails;
  if (emails.length > 0) return { emails: [...new Set(emails)] };
  return { skip: recipient.type === 'user-primary-email' ? 'USER_HAS_NO_PRIMARY_EMAIL' : 'NO_EMAIL_PROVIDED' };
}

/** Whether a user who turned a category off is left alone. */
export function isUnsubscribed(category: Category | undefined, enabled: boolean | undefined): boolean {
  return category?.canDisable === true && enabled === false;
}

export type MailResult = Pick<
  Mail,
  | 'startedSendingAt'
  | 'finishedSendingAt'
  | 'sendRetries'
  | 'nextSendRetryAt'
  | 'sendErrors'
  | 'skippedReason'
  | 'skippedDetails'
  | 'outcome'
  | 'updatedAt'
>;

/** The row of a mail that is not sent, for a reason of its recipient. */
export function skipped(mail: Mail, reason: SkipReason, now: Date): MailResult {
  return {
    ...resultOf(mail, now),
    startedSendingAt: null,
    finishedSendingAt: now,
    outcome: 'skipped',
    skippedReason: reason,
    skippedDetails: {},
  };
}

/** The row of a mail whose recipient's facts cannot be had now; it costs no attempt. */
export function postponed(mail: Mail, now: Date): MailResult {
  return { ...resultOf(mail, now), startedSendingAt: null, nextSendRetryAt: new Date(now.getTime() + sendLimits.firstRetryMs) };
}

/** The row after an attempt. Accepted and unknown are final; a refusal is tried again with growing pauses, five times in all. */
export function attempted(mail: Mail, delivery: Delivery, at: { started: Date; finished: Date }): MailResult {
  const result = { ...resultOf(mail, at.finished), startedSendingAt: at.started };
  switch (delivery.kind) {
    case 'accepted':
      return { ...result, finishedSendingAt: at.finished, outcome: 'sent', nextSendRetryAt: null };
    case 'unknown':
      return finished(mail, result, 'unknown', delivery.reason, at.finished);
    case 'refused': {
      const attempts = mail.sendRetries + 1;
      if (delivery.isForGood || attempts >= sendLimits.attemptsMax)
        return finished(mail, result, 'server-error', delivery.reason, at.finished);
      const pauseMs = Math.min(sendLimits.firstRetryMs * 4 ** mail.sendRetries, sendLimits.retryMsMax);
      return {
        ...result,
        startedSendingAt: null,
        sendRetries: attempts,
        nextSendRetryAt: new Date(at.finished.getTime() + pauseMs),
        sendErrors: [...(mail.sendErrors ?? []), sendError(attempts, delivery.reason, at.finished)],
      };
    }
  }
}

function finished(mail: Mail, result: MailResult, outcome: Outcome, reason: string, now: Date): MailResult {
  const sendErrors = [...(mail.sendErrors ?? []), sendError(mail.sendRetries + 1, reason, now)];
  return { ...result, finishedSendingAt: now, outcome, nextSendRetryAt: null, sendErrors };
}

function resultOf(mail: Mail, now: Date): MailResult {
  const { startedSendingAt, finishedSendingAt, sendRetries, nextSendRetryAt, sendErrors, skippedReason, skippedDetails, outcome } = mail;
  return {
    startedSendingAt,
    finishedSendingAt,
    sendRetries,
    nextSendRetryAt,
    sendErrors,
    skippedReason,
    skippedDetails,
    outcome,
    updatedAt: now,
  };
}

function sendError(attempt: number, reason: string, now: Date): SendError {
  return {
    attempt_number: attempt,
    timestamp: now.toISOString(),
    external_message: 'The mail server did not take the mail.',
    external_details: {},
    // A zero byte of a mail server's answer could not be stored.
    internal_message: reason.replaceAll('\u0000', ' ').slice(0, 500),
    internal_details: {},
  };
}

function primaryEmails(user: User | undefined): string[] {
  return user === undefined || user.primaryEmail === null ? [] : [user.primaryEmail];
}

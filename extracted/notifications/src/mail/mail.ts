import { knownErrors } from '@atlas/kit/wire';
import { z } from 'zod';

/** Who gets a mail. */
export type Recipient =
  | { type: 'user-primary-email'; user_id: string }
  | { type: 'user-custom-emails'; user_id: string; emails: string[] }
  | { type: 'custom-emails'; emails: string[] };

/** How a mail ended. `unknown`: the mail server did not say after it had the whole mail; never sent again by itself. */
export type Outcome = 'sent' | 'server-error' | 'skipped' | 'unknown' | 'cancelled';

/** One row of the mail outbox. */
export type Mail = {
  tenancyId: string;
  id: string;
  createdAt: Date;
  updatedAt: Date;
  recipient: Recipient;
  source: string;
  themeId: string | null;
  variables: unknown;
  /** `draft` or `programmatic-call`. */
  createdWith: string;
  /** What it was made from: the draft when it was made with one, else a template, if any. */
  templateId: string | null;
  subject: string | null;
  html: string | null;
  text: string | null;
  isTransactional: boolean;
  isHighPriority: boolean;
  notificationCategoryId: string | null;
  scheduledAt: Date;
  isPaused: boolean;
  cancelledAt: Date | null;
  renderedAt: Date | null;
  startedSendingAt: Date | null;
  finishedSendingAt: Date | null;
  sendRetries: number;
  nextSendRetryAt: Date | null;
  sendErrors: SendError[] | null;
  skippedReason: string | null;
  skippedDetails: unknown;
  outcome: Outcome | null;
};

/** One failed attempt, as servers see it. */
export type SendError = {
  attempt_number: number;
  timestamp: string;
  external_message: string;
  external_details: Record<string, unknown>;
  internal_message: string;
  internal_details: Record<string, unknown>;
};

export const recipientSchema: z.ZodType<Recipient> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('user-primary-email'), user_id: z.string() }),
  z.object({ type: z.literal('user-custom-emails'), user_id: z.string(), emails: z.array(z.string()) }),
  z.object({ type: z.literal('custom-emails'), emails: z.array(z.string()) }),
]);

/** What a new mail must say of itself. */
export type MailContent = Pick<
  Mail,
  | 'tenancyId'
  | 'id'
  | 'recipient'
  | 'source'
  | 'html'
  | 'text'
  | 'subject'
  | 'themeId'
  | 'variables'
  | 'createdWith'
  | 'templateId'
  | 'isTransactional'
  | 'isHighPriority'
  | 'notificationCategoryId'
  | 'scheduledAt'
>;

/** A mail that waits for its time, rendered from the start. */
export function newMail(content: MailContent, now: Date): Mail {
  return {
    ...content,
    createdAt: now,
    updatedAt: now,
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
}

export const statuses = ['paused', 'scheduled', 'queued', 'sending', 'server-error', 'skipped', 'sent'] as const;
export type Status = (typeof statuses)[number];

const simpleStatuses = {
  paused: 'in-progress',
  scheduled: 'in-progress',
  queued: 'in-progress',
  sending: 'in-progress',
  'server-error': 'error',
  skipped: 'ok',
  sent: 'ok',
} as const satisfies Record<Status, string>;

/** Where a mail stands: computed, never stored. A cancelled mail counts as skipped; one that may or may not have arrived as a server error. */
export function statusOf(mail: Pick<Mail, 'outcome' | 'cancelledAt' | 'startedSendingAt' | 'isPaused' | 'scheduledAt'>, now: Date): Status {
  if (mail.cancelledAt !== null || mail.outcome === 'cancelled' || mail.outcome === 'skipped') return 'skipped';
  if (mail.outcome === 'sent') return 'sent';
  if (mail.outcome !== null) return 'server-error';
  if (mail.startedSendingAt !== null) return 'sending';
  if (mail.isPaused) return 'paused';
  return mail.scheduledAt > now ? 'scheduled' : 'queued';
}

/** Statuses that a list's filters allow; unknown words allow none. */
export function wantedStatuses(filter: { status?: string | undefined; simpleStatus?: string | undefined }): Status[] {
  return statuses.filter(
    (status) =>
      (filter.status === undefined || filter.status === status) &&
      (filter.simpleStatus === undefined || filter.simpleStatus === simpleStatuses[status]),
  );
}

export type MailEdit = {
  isPaused?: boolean | undefined;
  cancel?: true | undefined;
  scheduledAt?: Date | undefined;
  subject?: string | null | undefined;
  source?: string | undefined;
  themeId?: string | null | undefined;
  variables?: Record<string, unknown> | undefined;
  recipient?: Recipient | undefined;
  /** What follows from the four above. */
  html?: string | undefined;
  text?: string | undefined;
};

/** A mail after an edit; one that failed is tried again. Throws EMAIL_NOT_EDITABLE once it is leaving, has left or was cancelled. */
export function edited(mail: Mail, edit: MailEdit, now: Date): Mail {
  const hasFailed = mail.outcome === 'server-error' || mail.outcome === 'unknown';
  if (mail.cancelledAt !== null || !(hasFailed || (mail.outcome === null && mail.startedSendingAt === null)))
    throw knownErrors.emailNotEditable(mail.id, statusOf(mail, now).toUpperCase().replaceAll('-', '_'));
  const isTriedAgain = hasFailed && Object.values(edit).some((part) => part !== undefined);
  return {
    ...mail,
    ...(isTriedAgain ? triedAgain : {}),
    updatedAt: now,
    isPaused: edit.isPaused ?? mail.isPaused,
    scheduledAt: edit.scheduledAt ?? mail.scheduledAt,
    subject: edit.subject ?? mail.subject,
    ...(edit.html === undefined ? {} : contentOf(mail, edit, now)),
    ...(edit.cancel === true ? { cancelledAt: now, finishedSendingAt: now, outcome: 'cancelled' } : {}),
  };
}

const triedAgain = { outcome: null, startedSendingAt: null, finishedSendingAt: null, nextSendRetryAt: null, sendRetries: 0 };

function contentOf(mail: Mail, edit: MailEdit, now: Date) {
  const { source = mail.source, themeId = mail.themeId, variables = mail.variables, recipient = mail.recipient } = edit;
  return { source, themeId, variables, recipient, html: edit.html ?? mail.html, text: edit.text ?? mail.text, renderedAt: now };
}

/** A mail as servers see it: what every mail has, then what its status adds. */
export function mailItem(mail: Mail, now: Date): Record<string, unknown> {
  const status = statusOf(mail, now);
  return {
    id: mail.id,
    created_at_millis: mail.createdAt.getTime(),
    updated_at_millis: mail.updatedAt.getTime(),
    tsx_source: mail.source,
    theme_id: mail.themeId,
    to: mail.recipient,
    variables: mail.variables,
    skip_deliverability_check: false,
    scheduled_at_millis: mail.scheduledAt.getTime(),
    created_with: mail.createdWith,
    email_draft_id: mail.createdWith === 'draft' ? mail.templateId : null,
    email_programmatic_call_template_id: mail.createdWith === 'draft' ? null : mail.templateId,
    send_retries: mail.sendRetries,
    next_send_retry_at_millis: mail.nextSendRetryAt?.getTime() ?? null,
    send_attempt_errors: mail.sendErrors,
    status,
    simple_status: simpleStatuses[status],
    is_paused: status === 'paused',
    has_rendered: false,
    has_delivered: false,
    ...statusFields(mail, status),
  };
}

function statusFields(mail: Mail, status: Status): Record<string, unknown> {
  switch (status) {
    case 'paused':
      return {};
    case 'scheduled':
    case 'queued':
      return renderedFields(mail);
    case 'sending':
      return startedFields(mail);
    case 'server-error':
      return { ...startedFields(mail), error_at_millis: finishedAtMillis(mail), server_error: serverErrorText(mail) };
    case 'sent':
      return { ...startedFields(mail), delivered_at_millis: finishedAtMillis(mail), has_delivered: true, can_have_delivery_info: false };
    case 'skipped':
      return {
        ...(mail.startedSendingAt === null ? renderedFields(mail) : startedFields(mail)),
        skipped_at_millis: mail.cancelledAt?.getTime() ?? finishedAtMillis(mail),
        skipped_reason: mail.cancelledAt === null ? mail.skippedReason : 'MANUALLY_CANCELLED',
        skipped_details: mail.skippedDetails ?? {},
      };
  }
}

function renderedFields(mail: Mail): Record<string, unknown> {
  const renderedAtMillis = (mail.renderedAt ?? mail.createdAt).getTime();
  return {
    has_rendered: true,
    started_rendering_at_millis: renderedAtMillis,
    rendered_at_millis: renderedAtMillis,
    subject: mail.subject ?? '',
    html: mail.html,
    text: mail.text,
    is_transactional: mail.isTransactional,
    is_high_priority: mail.isHighPriority,
    notification_category_id: mail.notificationCategoryId,
  };
}

function startedFields(mail: Mail): Record<string, unknown> {
  return { ...renderedFields(mail), started_sending_at_millis: (mail.startedSendingAt ?? mail.createdAt).getTime() };
}

function finishedAtMillis(mail: Mail): number {
  return (mail.finishedSendingAt ?? mail.updatedAt).getTime();
}

function serverErrorText(mail: Mail): string {
  if (mail.outcome === 'unknown') return 'The mail server did not confirm the mail; it may have been sent.';
  return mail.sendErrors?.at(-1)?.external_message ?? 'The mail could not be sent.';
}

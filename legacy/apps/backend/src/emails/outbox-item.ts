import type { EmailOutbox } from '../generated/prisma/client.ts';

export type OutboxStatus = 'paused' | 'scheduled' | 'queued' | 'sending' | 'server-error' | 'skipped' | 'sent';
export type SimpleStatus = 'in-progress' | 'error' | 'ok';

/** Where a mail stands; computed, never stored. A cancelled mail counts as skipped; one that may or may not have arrived as a server error. */
export function outboxStatus(
  row: Pick<EmailOutbox, 'outcome' | 'cancelledAt' | 'startedSendingAt' | 'isPaused' | 'scheduledAt'>,
  now: Date,
): OutboxStatus {
  if (row.cancelledAt !== null || row.outcome === 'cancelled' || row.outcome === 'skipped') return 'skipped';
  if (row.outcome === 'sent') return 'sent';
  if (row.outcome !== null) return 'server-error';
  if (row.startedSendingAt !== null) return 'sending';
  if (row.isPaused) return 'paused';
  return row.scheduledAt > now ? 'scheduled' : 'queued';
}

export const simpleStatuses = {
  paused: 'in-progress',
  scheduled: 'in-progress',
  queued: 'in-progress',
  sending: 'in-progress',
  'server-error': 'error',
  skipped: 'ok',
  sent: 'ok',
} as const satisfies Record<OutboxStatus, SimpleStatus>;

/** A row of the outbox as servers see it: the fields every mail has, then those of its status. */
export function outboxItem(row: EmailOutbox, now: Date): Record<string, unknown> {
  const status = outboxStatus(row, now);
  return { ...commonFields(row, status), ...statusFields(row, status) };
}

function commonFields(row: EmailOutbox, status: OutboxStatus) {
  return {
    id: row.id,
    created_at_millis: row.createdAt.getTime(),
    updated_at_millis: row.updatedAt.getTime(),
    tsx_source: row.source,
    theme_id: row.themeId,
    to: row.recipient,
    variables: row.variables,
    skip_deliverability_check: false,
    scheduled_at_millis: row.scheduledAt.getTime(),
    created_with: row.createdWith,
    // One column holds what the mail was made from: a draft or a template.
    email_draft_id: row.createdWith === 'draft' ? row.templateId : null,
    email_programmatic_call_template_id: row.createdWith === 'draft' ? null : row.templateId,
    send_retries: row.sendRetries,
    next_send_retry_at_millis: row.nextSendRetryAt?.getTime() ?? null,
    send_attempt_errors: row.sendErrors,
    status,
    simple_status: simpleStatuses[status],
    is_paused: status === 'paused',
    has_rendered: false,
    has_delivered: false,
  };
}

function statusFields(row: EmailOutbox, status: OutboxStatus): Record<string, unknown> {
  switch (status) {
    case 'paused':
      return {};
    case 'scheduled':
    case 'queued':
      return renderedFields(row);
    case 'sending':
      return startedFields(row);
    case 'server-error':
      return { ...startedFields(row), error_at_millis: finishedAt(row), server_error: serverError(row) };
    case 'sent':
      return { ...startedFields(row), delivered_at_millis: finishedAt(row), has_delivered: true, can_have_delivery_info: false };
    case 'skipped':
      return {
        ...(row.startedSendingAt === null ? renderedFields(row) : startedFields(row)),
        skipped_at_millis: row.cancelledAt?.getTime() ?? finishedAt(row),
        skipped_reason: row.cancelledAt === null ? row.skippedReason : 'MANUALLY_CANCELLED',
        skipped_details: row.skippedDetails ?? {},
      };
  }
}

function renderedFields(row: EmailOutbox): Record<string, unknown> {
  const renderedAtMillis = (row.renderedAt ?? row.createdAt).getTime();
  return {
    has_rendered: true,
    started_rendering_at_millis: renderedAtMillis,
    rendered_at_millis: renderedAtMillis,
    subject: row.subject ?? '',
    html: row.html,
    text: row.text,
    is_transactional: row.isTransactional,
    is_high_priority: row.isHighPriority,
    notification_category_id: row.notificationCategoryId,
  };
}

function startedFields(row: EmailOutbox): Record<string, unknown> {
  return { ...renderedFields(row), started_sending_at_millis: (row.startedSendingAt ?? row.createdAt).getTime() };
}

function finishedAt(row: EmailOutbox): number {
  return (row.finishedSendingAt ?? row.updatedAt).getTime();
}

function serverError(row: EmailOutbox): string {
  if (row.outcome === 'unknown') return 'The mail server did not confirm the mail; it may have been sent.';
  const errors = Array.isArray(row.sendErrors) ? row.sendErrors : [];
  const last = errors.at(-1) as { external_message?: string } | undefined;
  return last?.external_message ?? 'The mail could not be sent.';
}

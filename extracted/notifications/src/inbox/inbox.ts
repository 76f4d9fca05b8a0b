import { z } from 'zod';
import { type Mail, newMail, recipientSchema } from '../mail/mail.ts';
import { sourceOfHtml } from '../mail/render.ts';

// What other slices ask of this one: rows of the legacy's request and event tables, carried here by the flow.

/** A mail that another route of the legacy asks for. */
export type MailRequest = { tenancyId: string; id: string; payload: unknown; createdAt: Date };
/** Something that happened to a user in the legacy. */
export type UserDeleted = { tenancyId: string; id: string; userId: string };

const payloadSchema = z.object({
  recipient: recipientSchema,
  subject: z.string().nullable(),
  html: z.string().nullable(),
  text: z.string().nullable(),
  isTransactional: z.boolean(),
  isHighPriority: z.boolean(),
  notificationCategoryId: z.string().nullable(),
});

/** The mail a request asks for, with the request's own id; undefined when the payload cannot be read. */
export function mailOfRequest(request: MailRequest, now: Date): Mail | undefined {
  const parsed = payloadSchema.safeParse(request.payload);
  if (!parsed.success) return undefined;
  const { html } = parsed.data;
  const mail = newMail(
    {
      ...parsed.data,
      tenancyId: request.tenancyId,
      id: request.id,
      source: sourceOfHtml(html ?? ''),
      themeId: null,
      variables: {},
      createdWith: 'programmatic-call',
      templateId: null,
      scheduledAt: request.createdAt,
    },
    now,
  );
  return { ...mail, createdAt: request.createdAt };
}

/** The user of a `user.deleted` event; undefined when the payload cannot be read. */
export function userIdOf(payload: unknown): string | undefined {
  return z.object({ user_id: z.string() }).safeParse(payload).data?.user_id;
}

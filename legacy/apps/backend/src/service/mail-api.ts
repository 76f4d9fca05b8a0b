import { templateThemeIdSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { ownServer, senderOf } from '../emails/mail-server.ts';
import { draftsOf, markDraftSent, readMailSource } from '../emails/mail-source.ts';
import type { ThemeChoice } from '../emails/themes.ts';
import { unsubscribeKey } from '../emails/unsubscribe-code.ts';
import { findTenancy } from '../projects/find-tenancy.ts';

// What whoever makes and sends a project's mails must know of its settings and drafts (legacy/README.md, line 6).

const sourceQuestion = yupObject({
  html: yupString().optional(),
  template_id: yupString().optional(),
  draft_id: yupString().optional(),
  theme_id: templateThemeIdSchema.nullable(),
}).defined();

/** How a project's mails leave: in whose name, by which server of its own, how its readers unsubscribe, and until when its capacity is raised. Null: no such tenancy. */
export async function readMailSettings(tenancyId: string) {
  const tenancy = await findTenancy(tenancyId);
  if (tenancy === null) return null;
  const { server } = tenancy.config.emails;
  return {
    sender: senderOf(tenancy, server),
    server: ownServer(server, config().environment),
    unsubscribe_key: unsubscribeKey(config().serverSecret, tenancyId).toString('base64url'),
    capacity_boost_expires_at_millis: tenancy.boostExpiresAt?.getTime() ?? null,
  };
}

/** What a mail is made of, to be rendered by who asks; without content only the theme. A refusal is the one that clients get. */
export async function readSourceFor(tenancyId: string, body: unknown) {
  const asked = await sourceQuestion.validate(body);
  const tenancy = await findTenancy(tenancyId);
  if (tenancy === null) return { refusal: { status: 404, text: 'Project not found.' } };
  try {
    const made = await readMailSource(
      tenancy.config,
      { content: contentOf(asked), theme: asked.theme_id as ThemeChoice },
      draftsOf(database(), tenancyId),
    );
    const { source, theme, variables, createdWith, templateId } = made;
    return { project: { display_name: tenancy.displayName }, source, theme, variables, created_with: createdWith, template_id: templateId };
  } catch (error) {
    if (StatusError.isStatusError(error)) return { refusal: { status: error.statusCode, text: error.message } };
    throw error;
  }
}

/** Notes that the mails of a draft were written. */
export async function noteDraftSent(tenancyId: string, draftId: string): Promise<{ done: true }> {
  await markDraftSent(database(), { tenancyId, id: draftId }, new Date());
  return { done: true };
}

function contentOf(asked: { html?: string | undefined; template_id?: string | undefined; draft_id?: string | undefined }) {
  if (asked.template_id !== undefined) return { templateId: asked.template_id };
  if (asked.draft_id !== undefined) return { draftId: asked.draft_id };
  return { html: asked.html ?? '' };
}

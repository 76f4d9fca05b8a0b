import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { isUuid } from '@stackframe/stack-shared/dist/utils/uuids';
import type { Transaction } from '../database.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { templatesOf } from './flow-templates.ts';
import { sourceOfHtml } from './render-mail.ts';
import { chosenTheme, type ThemeChoice } from './themes.ts';

/** What a mailing says: html of its own, a template of the project, or a draft. */
export type MailContent = { html: string } | { templateId: string } | { draftId: string };

/** All that is needed to render a mail for anybody. `templateId` is the draft's id when `createdWith` says so. */
export type MailSource = {
  source: string;
  theme: { id: string; source: string } | null;
  variables: Record<string, unknown>;
  createdWith: 'programmatic-call' | 'draft';
  templateId: string | null;
};

type Reader = { draft(draftId: string): Promise<{ source: string; theme: ThemeChoice; variables: Record<string, unknown> } | null> };

/** Looks up what a mailing is made of. Throws 404 for an unknown template, draft or theme. */
export async function readMailSource(
  config: ProjectConfig,
  asked: { content: MailContent; theme: ThemeChoice },
  reader: Reader,
): Promise<MailSource> {
  const { content, theme } = asked;
  if ('html' in content)
    return { ...plain, source: sourceOfHtml(content.html), theme: chosenTheme(config, [theme]), createdWith: 'programmatic-call' };
  if ('templateId' in content) {
    const template = templatesOf(config).get(content.templateId);
    if (template === undefined) throw new StatusError(404, 'Template not found.');
    const chosen = chosenTheme(config, [theme, template.themeId]);
    return { ...plain, source: template.source, theme: chosen, createdWith: 'programmatic-call', templateId: content.templateId };
  }
  const draft = await reader.draft(content.draftId);
  if (draft === null) throw new StatusError(404, 'Draft not found.');
  const { source, variables } = draft;
  return { source, variables, theme: chosenTheme(config, [theme, draft.theme]), createdWith: 'draft', templateId: content.draftId };
}

const plain = { variables: {}, templateId: null } as const;

/** Drafts as a transaction sees them. */
export function draftsOf(tx: Transaction, tenancyId: string): Reader {
  return {
    draft: async (id) => {
      if (!isUuid(id)) return null;
      const row = await tx.emailDraft.findUnique({ where: { tenancyId_id: { tenancyId, id } } });
      return row && { source: row.source, theme: themeOfDraft(row), variables: row.templateVariables as Record<string, unknown> };
    },
  };
}

/** Notes that a draft was sent, in the transaction of its mails. */
export async function markDraftSent(tx: Transaction, key: { tenancyId: string; id: string }, now: Date): Promise<void> {
  await tx.emailDraft.updateMany({ where: key, data: { sentAt: now } });
}

/** A draft's own choice, as its two columns hold it. */
export function themeOfDraft(row: { themeMode: string; themeId: string | null }): ThemeChoice {
  switch (row.themeMode) {
    case 'none':
      return false;
    case 'custom':
      return row.themeId;
    default:
      return undefined;
  }
}

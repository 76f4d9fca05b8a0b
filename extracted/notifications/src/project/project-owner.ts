import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import { StatusError } from '@atlas/kit/wire';
import { z } from 'zod';

/** Beside a mail in hand a fence may be waiting: what is asked there must be answered soon. */
const timeoutMs = { read: 2_000, note: 800 } as const;

const settingsAnswer = z.object({
  settings: z
    .object({
      sender: z.object({ name: z.string(), address: z.string() }),
      server: z
        .object({
          host: z.string(),
          port: z.number(),
          secure: z.boolean(),
          auth: z.object({ user: z.string(), pass: z.string() }).nullable(),
        })
        .nullable(),
      unsubscribe_key: z.string(),
      capacity_boost_expires_at_millis: z.number().nullable(),
    })
    .nullable(),
});

const sourceAnswer = z.union([
  z.object({ refusal: z.object({ status: z.number(), text: z.string() }) }),
  z.object({
    project: z.object({ display_name: z.string() }),
    source: z.string(),
    theme: z.object({ id: z.string(), source: z.string() }).nullable(),
    variables: z.record(z.string(), z.unknown()),
    created_with: z.enum(['programmatic-call', 'draft']),
    template_id: z.string().nullable(),
  }),
]);

/** Where mails are handed over. */
export type MailServer = { host: string; port: number; secure: boolean; auth: { user: string; pass: string } | null };
export type MailSender = { name: string; address: string };

/** How a project's mails leave. `server` is null when it has none of its own. */
export type MailSettings = { sender: MailSender; server: MailServer | null; unsubscribeKey: Buffer; boostExpiresAt: Date | null };

/** A theme by id, `false` for none, nothing for the project's own. */
export type ThemeChoice = string | false | null | undefined;
export type MailContent = { html: string } | { templateId: string } | { draftId: string };

/** What a mail is made of. `templateId` is the draft's id when `createdWith` says so. */
export type MailSource = {
  project: { displayName: string };
  source: string;
  theme: { id: string; source: string } | null;
  variables: Record<string, unknown>;
  createdWith: 'programmatic-call' | 'draft';
  templateId: string | null;
};

/** The owner of projects, whose settings and drafts are never copied here: secrets are among them. All throw UNAVAILABLE. */
export type ProjectOwner = {
  /** Undefined when there is no such project. */
  mailSettings(tenancyId: string): Promise<MailSettings | undefined>;
  /** Throws the owner's own refusal of an unknown template, draft or theme. */
  mailSource(tenancyId: string, asked: { content: MailContent; theme: ThemeChoice }): Promise<MailSource>;
  noteDraftSent(tenancyId: string, draftId: string): Promise<void>;
};

/** Asks below `<owner>/service/tenancies/:t`, at its internal address: through the gateway a drain would wait for it. */
export function createProjectOwner(options: { url: string; serviceToken: string }): ProjectOwner {
  async function ask<T>(path: string, answer: z.ZodType<T>, more: { method?: string; body?: unknown; timeoutMs: number }): Promise<T> {
    const headers = { authorization: `Bearer ${options.serviceToken}` };
    const { status, body } = await requestJson(`${options.url}/service/tenancies/${path}`, { headers, ...more });
    const parsed = answer.safeParse(body);
    if (status !== 200 || !parsed.success) throw new AppError('UNAVAILABLE', { message: `the owner of projects answered ${status}` });
    return parsed.data;
  }
  return {
    mailSettings: async (tenancyId) => {
      const { settings } = await ask(`${tenancyId}/mail-settings`, settingsAnswer, { timeoutMs: timeoutMs.read });
      if (settings === null) return undefined;
      const expiresAt = settings.capacity_boost_expires_at_millis;
      return {
        sender: settings.sender,
        server: settings.server,
        unsubscribeKey: Buffer.from(settings.unsubscribe_key, 'base64url'),
        boostExpiresAt: expiresAt === null ? null : new Date(expiresAt),
      };
    },
    mailSource: async (tenancyId, { content, theme }) => {
      const body = { ...contentFields(content), ...(theme === undefined ? {} : { theme_id: theme }) };
      const answer = await ask(`${tenancyId}/mail-source`, sourceAnswer, { method: 'POST', body, timeoutMs: timeoutMs.read });
      if ('refusal' in answer) throw new StatusError(answer.refusal.status, answer.refusal.text);
      const { project, source, theme: chosen, variables, created_with: createdWith, template_id: templateId } = answer;
      return { project: { displayName: project.display_name }, source, theme: chosen, variables, createdWith, templateId };
    },
    noteDraftSent: async (tenancyId, draftId) => {
      const path = `${tenancyId}/draft-sent/${draftId}`;
      await ask(path, z.object({ done: z.literal(true) }), { method: 'POST', body: {}, timeoutMs: timeoutMs.note });
    },
  };
}

function contentFields(content: MailContent): Record<string, string> {
  if ('html' in content) return { html: content.html };
  return 'templateId' in content ? { template_id: content.templateId } : { draft_id: content.draftId };
}

import { yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database } from '../database.ts';
import type { EmailDraft } from '../generated/prisma/client.ts';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { asThemeChoice, themeChoice } from './body-fields.ts';
import { themeOfDraft } from './mail-source.ts';
import { displayNameField, newTemplateSource, sourceField } from './template-routes.ts';
import type { ThemeChoice } from './themes.ts';

const root = '/internal/email-drafts';
const draftsMax = 1_000;
const draftKey = yupObject({ id: yupString().uuid().defined() }).defined();

export const draftEndpoints = [
  endpoint({
    method: 'GET',
    path: root,
    access: adminOnly,
    handle: async ({ auth }) => {
      const rows = await database().emailDraft.findMany({
        where: { tenancyId: auth.tenancyId },
        orderBy: [{ updatedAt: 'desc' }, { id: 'asc' }],
        take: draftsMax,
      });
      return json(200, { drafts: rows.map(item) });
    },
  }),
  endpoint({
    method: 'POST',
    path: root,
    access: adminOnly,
    body: yupObject({ display_name: displayNameField.optional(), theme_id: themeChoice, tsx_source: sourceField.optional() }).defined(),
    handle: async ({ auth, body }) => {
      const { id } = await database().emailDraft.create({
        data: {
          tenancyId: auth.tenancyId,
          displayName: body.display_name ?? 'Untitled Draft',
          source: body.tsx_source ?? newTemplateSource,
          ...themeColumns(asThemeChoice(body.theme_id)),
        },
      });
      return json(200, { id });
    },
  }),
  endpoint({
    method: 'GET',
    path: `${root}/:id`,
    access: adminOnly,
    params: draftKey,
    handle: async ({ auth, params }) => {
      const row = await database().emailDraft.findUnique({ where: { tenancyId_id: { tenancyId: auth.tenancyId, id: params.id } } });
      if (row === null) throw noDraft();
      return json(200, item(row));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: `${root}/:id`,
    access: adminOnly,
    params: draftKey,
    body: yupObject({
      display_name: displayNameField.optional(),
      theme_id: themeChoice,
      tsx_source: sourceField.optional(),
      sent_at_millis: yupNumber().integer().min(0).max(8.64e15).nullable().optional(),
    }).defined(),
    handle: async ({ auth, params, body }) => {
      const theme = asThemeChoice(body.theme_id);
      const { count } = await database().emailDraft.updateMany({
        where: { tenancyId: auth.tenancyId, id: params.id },
        data: {
          ...(body.display_name === undefined ? {} : { displayName: body.display_name }),
          ...(body.tsx_source === undefined ? {} : { source: body.tsx_source }),
          ...(theme === undefined ? {} : themeColumns(theme)),
          ...(body.sent_at_millis === undefined ? {} : { sentAt: body.sent_at_millis === null ? null : new Date(body.sent_at_millis) }),
        },
      });
      if (count === 0) throw noDraft();
      return json(200, { success: true });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: `${root}/:id`,
    access: adminOnly,
    params: draftKey,
    handle: async ({ auth, params }) => {
      const { count } = await database().emailDraft.deleteMany({ where: { tenancyId: auth.tenancyId, id: params.id } });
      if (count === 0) throw noDraft();
      return json(200, { success: true });
    },
  }),
];

function item(row: EmailDraft) {
  const theme = themeOfDraft(row);
  return {
    id: row.id,
    display_name: row.displayName,
    ...(theme === undefined || theme === null ? {} : { theme_id: theme }),
    tsx_source: row.source,
    sent_at_millis: row.sentAt?.getTime() ?? null,
  };
}

function themeColumns(theme: ThemeChoice): Pick<EmailDraft, 'themeMode' | 'themeId'> {
  if (theme === false) return { themeMode: 'none', themeId: null };
  if (typeof theme === 'string') return { themeMode: 'custom', themeId: theme };
  return { themeMode: 'project-default', themeId: null };
}

function noDraft(): StatusError {
  return new StatusError(404, 'Draft not found.');
}

import { yupBoolean, yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { config } from '../config.ts';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { asThemeChoice, themeChoice } from './body-fields.ts';
import { draftEndpoints } from './draft-routes.ts';
import { templatesOf } from './flow-templates.ts';
import { previewOf } from './preview.ts';
import { sendTestMail } from './send-test-mail.ts';
import { listSentMails } from './sent-mails.ts';
import { sourceField, templateEndpoints } from './template-routes.ts';
import { themeEndpoints } from './theme-routes.ts';
import { chosenTheme } from './themes.ts';

/** What dashboards do with mails. None of it writes a table of notifications. */
export const emailAdminEndpoints = [
  ...templateEndpoints,
  ...themeEndpoints,
  ...draftEndpoints,
  endpoint({
    method: 'POST',
    path: '/emails/render-email',
    access: adminOnly,
    body: yupObject({
      theme_id: themeChoice,
      theme_tsx_source: sourceField.optional(),
      template_id: yupString().optional(),
      template_tsx_source: sourceField.optional(),
      // Accepted from dashboards that edit in the picture: a source without code has no regions to mark.
      editable_markers: yupBoolean().optional(),
      editable_source: yupString().oneOf(['template', 'theme', 'both']).optional(),
    }).defined(),
    handle: async ({ auth, body }) => {
      if ((body.template_id === undefined) === (body.template_tsx_source === undefined))
        throw new StatusError(400, 'Exactly one of template_id or template_tsx_source must be provided');
      const theme = asThemeChoice(body.theme_id);
      if (theme !== undefined && body.theme_tsx_source !== undefined)
        throw new StatusError(400, 'At most one of theme_id or theme_tsx_source may be provided');
      const template = body.template_id === undefined ? undefined : templatesOf(auth.project.config).get(body.template_id);
      const source = body.template_tsx_source ?? template?.source;
      if (source === undefined) throw new StatusError(404, 'Template not found.');
      const themeSource = body.theme_tsx_source ?? chosenTheme(auth.project.config, [theme, template?.themeId])?.source ?? null;
      const { html, subject, category } = previewOf(auth.project, source, themeSource);
      return json(200, {
        html,
        ...(subject === '' ? {} : { subject }),
        ...(category === null ? {} : { notification_category: category }),
        ...(body.editable_markers === true ? { editable_regions: {} } : {}),
      });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/internal/send-test-email',
    access: adminOnly,
    body: yupObject({
      recipient_email: yupString().email().max(256).defined(),
      email_config: yupObject({
        host: yupString().max(256).defined(),
        port: yupNumber().integer().min(1).max(65_535).defined(),
        username: yupString().max(256).defined(),
        password: yupString().max(256).defined(),
        sender_email: yupString().email().max(256).defined(),
        sender_name: yupString().max(256).defined(),
      }).defined(),
    }).defined(),
    handle: async ({ auth, body }) => {
      const test = { tenancyId: auth.tenancyId, projectName: auth.project.displayName, to: body.recipient_email };
      return json(200, await sendTestMail(test, body.email_config, config().environment));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/internal/emails',
    access: adminOnly,
    handle: async ({ auth }) => json(200, { items: await listSentMails(auth.tenancyId), is_paginated: false }),
  }),
];

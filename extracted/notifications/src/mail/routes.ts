import {
  json,
  type WireRoute,
  wireArray,
  wireBoolean,
  wireNumber,
  wireObject,
  wireRoute,
  wireString,
  wireTrue,
  wireUuid,
} from '@atlas/kit/wire';
import { epochOf, positionOf } from '../gateway/headers.ts';
import { recipientField, themeChoice, variablesField } from './body-fields.ts';
import { type DeliveryInfoDeps, deliveryInfo } from './delivery-info.ts';
import { editMail } from './edit-mail.ts';
import { mailItem, wantedStatuses } from './mail.ts';
import { mailingLimits, type SendEmailDeps, sendEmail } from './send-email.ts';

const servers = ['server', 'admin'] as const;
/** The last millisecond a JavaScript Date can hold. */
const millisMax = 8.64e15;
const pageSize = { default: 50, max: 100 } as const;

const mailKey = wireObject({ id: wireUuid() });
const scheduledAtMillis = wireNumber({ integer: true, min: 0, max: millisMax }).optional();
const mailing = wireObject({
  user_ids: wireArray(wireUuid(), mailingLimits.userIdsMax).optional(),
  all_users: wireTrue().optional(),
  subject: wireString().optional(),
  theme_id: themeChoice,
  notification_category_name: wireString().optional(),
  scheduled_at_millis: scheduledAtMillis,
  html: wireString().optional(),
  template_id: wireString().optional(),
  variables: variablesField,
  draft_id: wireString().optional(),
});
const outboxQuery = wireObject({
  status: wireString().optional(),
  simple_status: wireString().optional(),
  limit: wireNumber({ integer: true, min: 1, max: pageSize.max }).optional(),
  cursor: wireUuid().optional(),
});
const mailEdit = wireObject({
  tsx_source: wireString().optional(),
  theme_id: wireString().nullable().optional(),
  to: recipientField,
  variables: variablesField,
  // Accepted from published clients; whether an address exists is for its mail server to say.
  skip_deliverability_check: wireBoolean().optional(),
  scheduled_at_millis: scheduledAtMillis,
  is_paused: wireBoolean().optional(),
  cancel: wireTrue().optional(),
  subject: wireString().optional(),
});

export function mailRoutes(deps: SendEmailDeps & DeliveryInfoDeps): WireRoute[] {
  return [
    wireRoute({
      method: 'POST',
      path: '/emails/send-email',
      access: servers,
      schemas: { body: mailing },
      handle: async ({ auth, body, header }) => {
        const caller = { tenancyId: auth.tenancyId, epoch: epochOf(header), position: positionOf(header) };
        const userIds = await sendEmail(deps, body, caller);
        return json({ results: userIds.map((userId) => ({ user_id: userId })) });
      },
    }),
    wireRoute({
      method: 'GET',
      path: '/emails/outbox',
      access: servers,
      schemas: { query: outboxQuery },
      handle: async ({ auth, query }) => {
        const now = deps.clock();
        const { status, simple_status: simpleStatus, limit = pageSize.default, cursor } = query;
        const statuses = status === undefined && simpleStatus === undefined ? undefined : wantedStatuses({ status, simpleStatus });
        const page = await deps.mails.list({ tenancyId: auth.tenancyId, statuses, limit, cursor }, now);
        const items = page.mails.map((mail) => mailItem(mail, now));
        return json({ items, is_paginated: true, pagination: { next_cursor: page.nextCursor } });
      },
    }),
    wireRoute({
      method: 'GET',
      path: '/emails/outbox/:id',
      access: servers,
      schemas: { params: mailKey },
      handle: async ({ auth, params }) => json(mailItem(await deps.mails.find(auth.tenancyId, params.id), deps.clock())),
    }),
    wireRoute({
      method: 'PATCH',
      path: '/emails/outbox/:id',
      access: servers,
      schemas: {
        params: mailKey,
        body: mailEdit,
      },
      handle: async ({ auth, params, body, header }) => {
        const edit = {
          isPaused: body.is_paused,
          cancel: body.cancel,
          scheduledAt: body.scheduled_at_millis === undefined ? undefined : new Date(body.scheduled_at_millis),
          subject: body.subject,
          source: body.tsx_source,
          themeId: body.theme_id,
          variables: body.variables,
          recipient: body.to,
        };
        const caller = { tenancyId: auth.tenancyId, epoch: epochOf(header), position: positionOf(header) };
        return json(mailItem(await editMail(deps, params.id, edit, caller), deps.clock()));
      },
    }),
    wireRoute({
      method: 'GET',
      path: '/emails/delivery-info',
      access: servers,
      schemas: {},
      handle: async ({ auth }) => json(await deliveryInfo(deps, auth.tenancyId)),
    }),
  ];
}

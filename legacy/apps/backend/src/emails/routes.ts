import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupArray, yupBoolean, yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer } from '../auth/own-user.ts';
import { type UserKey, userExists } from '../users/find-user.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { asThemeChoice, recipientField, themeChoice, variablesField } from './body-fields.ts';
import { boostCapacity } from './boost-capacity.ts';
import { type Category, categoryByName } from './categories.ts';
import { deliveryInfo } from './delivery-info.ts';
import type { MailContent } from './mail-source.ts';
import { changeMail, findMail, listOutbox } from './outbox.ts';
import { outboxItem } from './outbox-item.ts';
import { listPreferences, setPreference } from './preferences.ts';
import { recipientsMax, sendEmail } from './send-email.ts';
import { unsubscribe } from './unsubscribe.ts';
import { unsubscribePage } from './unsubscribe-page.ts';

const scheduledAtMillis = yupNumber().integer().min(0).max(8.64e15).optional();
const mailId = yupObject({ id: yupString().uuid().defined() }).defined();

export const emailEndpoints = [
  endpoint({
    method: 'GET',
    path: '/emails/notification-preference/:user_id',
    access: clientOrHigher,
    params: yupObject({ user_id: userIdOrMeSchema.defined() }).defined(),
    handle: async ({ auth, params }) => {
      const user = await preferenceOwner(auth, params.user_id);
      return json(200, { items: await listPreferences(user), is_paginated: false });
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/emails/notification-preference/:user_id/:notification_category_id',
    access: clientOrHigher,
    writesNotifications: true,
    params: yupObject({ user_id: userIdOrMeSchema.defined(), notification_category_id: yupString().uuid().defined() }).defined(),
    body: yupObject({ enabled: yupBoolean().defined() }).defined(),
    handle: async ({ auth, params, body }) => {
      const user = await preferenceOwner(auth, params.user_id);
      return json(200, await setPreference(user, { categoryId: params.notification_category_id, enabled: body.enabled }, new Date()));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/emails/send-email',
    access: serverOrHigher,
    writesNotifications: true,
    body: yupObject({
      user_ids: yupArray(yupString().uuid().defined()).max(recipientsMax).optional(),
      all_users: yupBoolean().oneOf([true]).optional(),
      subject: yupString().optional(),
      theme_id: themeChoice,
      notification_category_name: yupString().optional(),
      scheduled_at_millis: scheduledAtMillis,
      html: yupString().optional(),
      template_id: yupString().optional(),
      variables: variablesField,
      draft_id: yupString().optional(),
    }).defined(),
    handle: async ({ auth, body }) => {
      if ((body.user_ids === undefined) === (body.all_users === undefined))
        throw new StatusError(400, 'Exactly one of user_ids or all_users must be provided');
      const now = new Date();
      const mailing = {
        to: body.user_ids === undefined ? ('all-users' as const) : { userIds: body.user_ids },
        content: contentOf(body),
        theme: asThemeChoice(body.theme_id),
        variables: body.variables ?? {},
        subject: body.subject ?? null,
        category: body.notification_category_name === undefined ? null : knownCategory(body.notification_category_name),
        scheduledAt: body.scheduled_at_millis === undefined ? now : new Date(body.scheduled_at_millis),
      };
      const userIds = await sendEmail(auth, mailing, now);
      return json(200, { results: userIds.map((userId) => ({ user_id: userId })) });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/emails/outbox',
    access: serverOrHigher,
    query: yupObject({
      status: yupString().optional(),
      simple_status: yupString().optional(),
      limit: yupNumber().integer().min(1).max(100).default(50),
      cursor: yupString().uuid().optional(),
    }).defined(),
    handle: async ({ auth, query }) => {
      const now = new Date();
      const page = await listOutbox(
        { tenancyId: auth.tenancyId, status: query.status, simpleStatus: query.simple_status, limit: query.limit, cursor: query.cursor },
        now,
      );
      return json(200, {
        items: page.rows.map((row) => outboxItem(row, now)),
        is_paginated: true,
        pagination: { next_cursor: page.nextCursor },
      });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/emails/outbox/:id',
    access: serverOrHigher,
    params: mailId,
    handle: async ({ auth, params }) => json(200, outboxItem(await findMail(auth.tenancyId, params.id), new Date())),
  }),
  endpoint({
    method: 'PATCH',
    path: '/emails/outbox/:id',
    access: serverOrHigher,
    writesNotifications: true,
    params: mailId,
    body: yupObject({
      tsx_source: yupString().optional(),
      theme_id: yupString().nullable().optional(),
      to: recipientField,
      variables: variablesField,
      // Accepted from published clients; whether an address exists is for its mail server to say.
      skip_deliverability_check: yupBoolean().optional(),
      scheduled_at_millis: scheduledAtMillis,
      is_paused: yupBoolean().optional(),
      cancel: yupBoolean().oneOf([true]).optional(),
      subject: yupString().optional(),
    }).defined(),
    handle: async ({ auth, params, body }) => {
      const now = new Date();
      const change = {
        isPaused: body.is_paused,
        cancel: body.cancel,
        scheduledAt: body.scheduled_at_millis === undefined ? undefined : new Date(body.scheduled_at_millis),
        subject: body.subject,
        source: body.tsx_source,
        themeId: body.theme_id,
        variables: body.variables,
        recipient: body.to,
      };
      return json(200, outboxItem(await changeMail(auth, params.id, change, now), now));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/emails/delivery-info',
    access: serverOrHigher,
    handle: async ({ auth }) => json(200, await deliveryInfo(auth.tenancyId, new Date())),
  }),
  endpoint({
    method: 'POST',
    path: '/emails/capacity-boost',
    access: serverOrHigher,
    body: yupObject({}).optional(),
    handle: async ({ auth }) => json(200, { expires_at: (await boostCapacity(auth.tenancyId, new Date())).toISOString() }),
  }),
  endpoint({
    method: 'GET',
    path: '/emails/unsubscribe-link',
    access: 'anyone',
    writesNotifications: true,
    query: yupObject({ code: yupString().defined() }).defined(),
    handle: async ({ query }) => unsubscribePage(await unsubscribe(query.code, new Date())),
  }),
];

/** Throws 400 unless exactly one of the three is there. */
function contentOf(body: { html?: string | undefined; template_id?: string | undefined; draft_id?: string | undefined }): MailContent {
  const given = [
    ...(body.html === undefined ? [] : [{ html: body.html }]),
    ...(body.template_id === undefined ? [] : [{ templateId: body.template_id }]),
    ...(body.draft_id === undefined ? [] : [{ draftId: body.draft_id }]),
  ];
  const [content] = given;
  if (content === undefined || given.length > 1)
    throw new StatusError(400, 'Exactly one of html, template_id or draft_id must be provided');
  return content;
}

function knownCategory(name: string): Category {
  const category = categoryByName(name);
  if (category === undefined) throw new StatusError(404, 'Notification category not found.');
  return category;
}

/** A client may only ask about itself; a server about any user there is. */
async function preferenceOwner(auth: Auth, userId: string): Promise<UserKey> {
  assertOwnUnlessServer(auth, userId, 'Client can only manage their own notification preferences');
  const key = { tenancyId: auth.tenancyId, projectUserId: userId };
  if (auth.user?.projectUserId !== userId && !(await userExists(key))) throw new KnownErrors.UserNotFound();
  return key;
}

import {
  type Auth,
  json,
  knownErrors,
  StatusError,
  type WireRoute,
  wireBoolean,
  wireObject,
  wireRoute,
  wireString,
  wireUuid,
} from '@atlas/kit/wire';
import { epochOf, type Position, positionOf } from '../gateway/headers.ts';
import { unsubscribePage } from '../mail/unsubscribe-page.ts';
import { preferenceItems } from './preference.ts';
import { setPreference } from './set-preference.ts';
import { type UnsubscribeDeps, unsubscribe } from './unsubscribe.ts';

const everyone = ['client', 'server', 'admin'] as const;

export function preferenceRoutes(deps: UnsubscribeDeps): WireRoute[] {
  return [
    wireRoute({
      method: 'GET',
      path: '/emails/notification-preference/:user_id',
      access: everyone,
      userParam: 'user_id',
      schemas: { params: wireObject({ user_id: wireUuid() }) },
      handle: async ({ auth, params, header }) => {
        await assertMayManage(deps, auth, params.user_id, positionOf(header));
        const preferences = await deps.preferences.find({ tenancyId: auth.tenancyId, userId: params.user_id });
        return json({ items: preferenceItems(preferences), is_paginated: false });
      },
    }),
    wireRoute({
      method: 'PATCH',
      path: '/emails/notification-preference/:user_id/:notification_category_id',
      access: everyone,
      userParam: 'user_id',
      schemas: {
        params: wireObject({ user_id: wireUuid(), notification_category_id: wireUuid() }),
        body: wireObject({ enabled: wireBoolean() }),
      },
      handle: async ({ auth, params, body, header }) => {
        await assertMayManage(deps, auth, params.user_id, positionOf(header));
        const change = {
          tenancyId: auth.tenancyId,
          userId: params.user_id,
          categoryId: params.notification_category_id,
          enabled: body.enabled,
        };
        return json(await setPreference(deps, change, epochOf(header)));
      },
    }),
    wireRoute({
      method: 'GET',
      path: '/emails/unsubscribe-link',
      access: 'anyone',
      schemas: { query: wireObject({ code: wireString() }) },
      handle: async ({ query, header }) =>
        unsubscribePage(await unsubscribe(deps, query.code, { epoch: epochOf(header), position: positionOf(header) })),
    }),
  ];
}

/** A client manages its own preferences only; a server those of any user there is. */
async function assertMayManage(deps: UnsubscribeDeps, auth: Auth, userId: string, position: Position | undefined): Promise<void> {
  if (auth.type === 'client') {
    if (auth.user === undefined) throw knownErrors.userAuthenticationRequired();
    if (auth.user.id !== userId) throw new StatusError(403, 'Client can only manage their own notification preferences');
    return;
  }
  if (auth.user?.id === userId) return;
  if ((await deps.findUser({ tenancyId: auth.tenancyId, userId, position })) === undefined) throw knownErrors.userNotFound();
}

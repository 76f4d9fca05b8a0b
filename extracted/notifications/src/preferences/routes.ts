import { type Auth, json, knownErrors, StatusError, type WireRoute, wireBoolean, wireObject, wireRoute, wireUuid } from '@atlas/kit/wire';
import { epochOf, type Position, positionOf } from '../gateway/headers.ts';
import type { User } from '../users/user.ts';
import { preferenceItems } from './preference.ts';
import { setPreference } from './set-preference.ts';
import type { PreferenceStore } from './store.ts';

export type PreferenceDeps = {
  preferences: PreferenceStore;
  findUser(question: { tenancyId: string; userId: string; position: Position | undefined }): Promise<User | undefined>;
  clock: () => Date;
};

const everyone = ['client', 'server', 'admin'] as const;

export function preferenceRoutes(deps: PreferenceDeps): WireRoute[] {
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
  ];
}

/** A client manages its own preferences only; a server those of any user there is. */
async function assertMayManage(deps: PreferenceDeps, auth: Auth, userId: string, position: Position | undefined): Promise<void> {
  if (auth.type === 'client') {
    if (auth.user === undefined) throw knownErrors.userAuthenticationRequired();
    if (auth.user.id !== userId) throw new StatusError(403, 'Client can only manage their own notification preferences');
    return;
  }
  if (auth.user?.id === userId) return;
  if ((await deps.findUser({ tenancyId: auth.tenancyId, userId, position })) === undefined) throw knownErrors.userNotFound();
}

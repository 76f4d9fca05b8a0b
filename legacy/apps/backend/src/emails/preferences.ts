import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database } from '../database.ts';
import type { UserKey } from '../users/find-user.ts';
import { type Category, categories, categoryById } from './categories.ts';
import { lockUsers } from './lock-users.ts';

export type PreferenceItem = {
  notification_category_id: string;
  notification_category_name: string;
  enabled: boolean;
  can_disable: boolean;
};

/** What a user wants to receive; everything that was never turned off is on. */
export async function listPreferences(user: UserKey): Promise<PreferenceItem[]> {
  const rows = await database().userNotificationPreference.findMany({ where: user });
  return categories.map((category) =>
    preferenceItem(category, rows.find((row) => row.notificationCategoryId === category.id)?.enabled ?? true),
  );
}

/** Turns one category on or off. Throws 404 for an unknown category, 400 for one that must stay on, USER_NOT_FOUND. */
export async function setPreference(user: UserKey, change: { categoryId: string; enabled: boolean }, now: Date): Promise<PreferenceItem> {
  const category = categoryById(change.categoryId);
  if (category === undefined) throw new StatusError(404, 'Notification category not found.');
  if (!change.enabled && !category.canDisable) throw new StatusError(400, 'This notification category cannot be disabled');
  await database().$transaction(async (tx) => {
    const existing = await lockUsers(tx, user.tenancyId, [user.projectUserId]);
    if (existing.size === 0) throw new KnownErrors.UserNotFound();
    await tx.$executeRaw`
      insert into "UserNotificationPreference" ("tenancyId", "projectUserId", "notificationCategoryId", "enabled", "updatedAt")
      values (${user.tenancyId}::uuid, ${user.projectUserId}::uuid, ${category.id}::uuid, ${change.enabled}, ${now})
      on conflict ("tenancyId", "projectUserId", "notificationCategoryId") do update set "enabled" = excluded."enabled", "updatedAt" = excluded."updatedAt"`;
  });
  return preferenceItem(category, change.enabled);
}

function preferenceItem(category: Category, enabled: boolean): PreferenceItem {
  return { notification_category_id: category.id, notification_category_name: category.name, enabled, can_disable: category.canDisable };
}

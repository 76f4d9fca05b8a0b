import { type Database, writeSlice } from '../database/store.ts';
import { holdUsers } from '../users/store.ts';
import type { Preference } from './preference.ts';

export type PreferenceStore = {
  find(user: { tenancyId: string; userId: string }): Promise<Preference[]>;
  /** Writes one preference of a user, who is held meanwhile. Throws USER_NOT_FOUND, NOT_OWNER, EPOCH_TOO_OLD. */
  put(preference: Preference, guard: { epoch: bigint | undefined; now: Date }): Promise<void>;
};

export function createPreferenceStore(database: Database): PreferenceStore {
  return {
    find: async ({ tenancyId, userId }) => {
      const rows = await database.notificationPreference.findMany({ where: { tenancyId, projectUserId: userId } });
      return rows.map((row) => ({ tenancyId, userId, categoryId: row.notificationCategoryId, enabled: row.enabled }));
    },
    put: ({ tenancyId, userId, categoryId, enabled }, { epoch, now }) =>
      writeSlice(database, epoch, async (tx) => {
        await holdUsers(tx, tenancyId, [userId]);
        // One statement: Prisma's upsert would read first, and two first writes of one user would collide.
        await tx.$executeRaw`
          insert into notification_preference (tenancy_id, project_user_id, notification_category_id, enabled, updated_at)
          values (${tenancyId}::uuid, ${userId}::uuid, ${categoryId}::uuid, ${enabled}, ${now})
          on conflict (tenancy_id, project_user_id, notification_category_id)
          do update set enabled = excluded.enabled, updated_at = excluded.updated_at`;
      }),
  };
}

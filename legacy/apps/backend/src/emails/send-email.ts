import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, sqlState } from '../database.ts';
import type { Category } from './categories.ts';
import { lockAllUsers, lockUsers } from './lock-users.ts';

export const recipientsMax = 500;
const allUsersMax = 10_000;
const rowsPerInsertMax = 500;

export type Mailing = {
  tenancyId: string;
  to: { userIds: readonly string[] } | 'all-users';
  subject: string | null;
  html: string;
  themeId: string | null;
  category: Category;
  scheduledAt: Date;
};

/** Writes one outbox row for each user, all or none. Answers the users in the order given. Throws USER_ID_DOES_NOT_EXIST. */
export async function sendEmail(mailing: Mailing, now: Date): Promise<string[]> {
  try {
    return await database().$transaction(async (tx) => {
      const userIds =
        mailing.to === 'all-users'
          ? await everyone(() => lockAllUsers(tx, mailing.tenancyId, allUsersMax))
          : [...new Set(mailing.to.userIds)];
      if (mailing.to !== 'all-users') assertAllExist(userIds, await lockUsers(tx, mailing.tenancyId, userIds));
      for (let start = 0; start < userIds.length; start += rowsPerInsertMax) {
        await tx.emailOutbox.createMany({
          data: userIds.slice(start, start + rowsPerInsertMax).map((userId) => outboxRow(mailing, userId, now)),
        });
      }
      return userIds;
    });
  } catch (error) {
    if (sqlState(error) === '23514') throw new StatusError(400, 'The email is too large.');
    throw error;
  }
}

async function everyone(read: () => Promise<string[]>): Promise<string[]> {
  const userIds = await read();
  if (userIds.length > allUsersMax) throw new StatusError(400, `The project has more than ${allUsersMax} users; send to user_ids instead`);
  return userIds;
}

function assertAllExist(userIds: readonly string[], existing: ReadonlySet<string>): void {
  const missing = userIds.find((userId) => !existing.has(userId));
  if (missing !== undefined) throw new KnownErrors.UserIdDoesNotExist(missing);
}

function outboxRow(mailing: Mailing, userId: string, now: Date) {
  return {
    tenancyId: mailing.tenancyId,
    id: randomUUID(),
    createdAt: now,
    updatedAt: now,
    recipient: { type: 'user-primary-email', user_id: userId },
    source: mailing.html,
    html: mailing.html,
    subject: mailing.subject,
    themeId: mailing.themeId,
    isTransactional: !mailing.category.canDisable,
    isHighPriority: false,
    notificationCategoryId: mailing.category.id,
    scheduledAt: mailing.scheduledAt,
    renderedAt: now,
  };
}

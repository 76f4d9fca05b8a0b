import { knownErrors } from '@atlas/kit/wire';
import { type Database, sqlStateOf, type Transaction } from '../database/store.ts';
import { type Position, parseLsn } from '../gateway/headers.ts';
import { primaryEmailOf, type User } from './user.ts';

/** The projection of users: read-only here, filled by the flow from the legacy. */
export type UserStore = {
  /** Users the projection has, deleted ones included. */
  find(tenancyId: string, userIds: readonly string[]): Promise<User[]>;
  /** All who signed up and are not deleted, oldest first. */
  everyone(tenancyId: string, usersMax: number): Promise<Pick<User, 'id' | 'displayName'>[]>;
  /** Whether the flow has applied a position; undefined when that cannot be asked. */
  hasApplied(position: Position): Promise<boolean | undefined>;
};

/** No rights, no function, no schema: this database is not (or not yet) the target of a flow. */
const notCallable = ['42501', '42883', '3F000'];

export function createUserStore(database: Database): UserStore {
  return {
    find: async (tenancyId, userIds) => {
      const [users, channels] = await Promise.all([
        database.refUser.findMany({ where: { tenancyId, projectUserId: { in: [...userIds] } } }),
        database.refContactChannel.findMany({
          where: { tenancyId, projectUserId: { in: [...userIds] }, isPrimary: true, deletedAt: null },
        }),
      ]);
      const byUser = Map.groupBy(channels, (channel) => channel.projectUserId);
      return users.map((user) => ({
        id: user.projectUserId,
        displayName: user.displayName,
        isAnonymous: user.isAnonymous,
        isDeleted: user.deletedAt !== null,
        primaryEmail: primaryEmailOf((byUser.get(user.projectUserId) ?? []).map(({ type, value }) => ({ type, value, isPrimary: true }))),
      }));
    },
    everyone: async (tenancyId, usersMax) => {
      const users = await database.refUser.findMany({
        where: { tenancyId, isAnonymous: false, deletedAt: null },
        orderBy: [{ signedUpAt: 'asc' }, { projectUserId: 'asc' }],
        select: { projectUserId: true, displayName: true },
        take: usersMax,
      });
      return users.map(({ projectUserId, displayName }) => ({ id: projectUserId, displayName }));
    },
    hasApplied: (position) => hasApplied(database, position),
  };
}

/**
 * Holds users against the flow until the transaction ends, in one order for everyone; a user the projection does not have yet is held by
 * nothing. Throws USER_NOT_FOUND for one deleted meanwhile.
 */
export async function holdUsers(tx: Transaction, tenancyId: string, userIds: readonly string[]): Promise<void> {
  const rows = await tx.$queryRaw<{ deletedAt: Date | null }[]>`
    select deleted_at as "deletedAt" from ref_user
    where tenancy_id = ${tenancyId}::uuid and project_user_id = any(${[...userIds]}::uuid[])
    order by project_user_id for share`;
  if (rows.some((row) => row.deletedAt !== null)) throw knownErrors.userNotFound();
}

async function hasApplied(database: Database, position: Position): Promise<boolean | undefined> {
  try {
    const [row] = await database.$queryRaw<{ incarnation: number; appliedLsn: string | null }[]>`
      select incarnation, applied_lsn as "appliedLsn" from strangler.applied('f.notifications')`;
    if (row === undefined || row.appliedLsn === null) return undefined;
    return row.incarnation === position.incarnation && parseLsn(row.appliedLsn) >= position.lsn;
  } catch (error) {
    if (notCallable.includes(sqlStateOf(error) ?? '')) return undefined;
    throw error;
  }
}

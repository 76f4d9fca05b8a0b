import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { isUuid } from '@stackframe/stack-shared/dist/utils/uuids';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type UserRow, userInclude } from './user.ts';

export type UserQuery = {
  teamId?: string | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
  orderBy: 'signed_up_at' | 'last_active_at';
  desc: boolean;
  query?: string | undefined;
  includeRestricted: boolean;
  includeAnonymous: boolean;
  onlyAnonymous: boolean;
};

/** No page is larger, asked for or not: the rest is behind its cursor. */
const pageUsersMax = 5_000;
const columns = { signed_up_at: 'signedUpAt', last_active_at: 'lastActiveAt' } as const;

/** One page in keyset order. `cursor` is the first user of the page; without `limit` the page is as large as pages get. */
export async function listUsers(
  owner: { tenancyId: string; config: ProjectConfig },
  query: UserQuery,
): Promise<{ rows: UserRow[]; nextCursor: string | null }> {
  const column = columns[query.orderBy];
  const limit = Math.min(query.limit ?? pageUsersMax, pageUsersMax);
  const order = query.desc ? 'desc' : 'asc';
  const start = query.cursor === undefined ? [] : [await fromCursor(owner.tenancyId, query.cursor, column, query.desc)];
  const rows = await database().projectUser.findMany({
    relationLoadStrategy: 'join',
    where: { tenancyId: owner.tenancyId, AND: [...userFilters(query, owner.config), ...start] },
    orderBy: [{ [column]: order }, { projectUserId: order }],
    include: userInclude,
    take: limit + 1,
  });
  return { rows: rows.slice(0, limit), nextCursor: rows[limit]?.projectUserId ?? null };
}

// The first half is what an index can start at; the second settles who else has the very moment.
async function fromCursor(
  tenancyId: string,
  cursor: string,
  column: 'signedUpAt' | 'lastActiveAt',
  desc: boolean,
): Promise<Prisma.ProjectUserWhereInput> {
  const first = await database().projectUser.findUnique({
    where: { tenancyId_projectUserId: { tenancyId, projectUserId: cursor } },
    select: { signedUpAt: true, lastActiveAt: true },
  });
  if (first === null) throw new StatusError(400, 'The cursor does not exist.');
  const beyond = desc ? 'lt' : 'gt';
  const from = first[column];
  return {
    [column]: { [`${beyond}e`]: from },
    OR: [{ [column]: { [beyond]: from } }, { projectUserId: { [`${beyond}e`]: cursor } }],
  };
}

function userFilters(query: UserQuery, config: ProjectConfig): Prisma.ProjectUserWhereInput[] {
  const filters: Prisma.ProjectUserWhereInput[] = [];
  if (query.onlyAnonymous) filters.push({ isAnonymous: true });
  else if (!query.includeAnonymous) filters.push({ isAnonymous: false });
  if (!query.includeRestricted && !query.includeAnonymous && !query.onlyAnonymous) filters.push(unrestricted(config));
  if (query.teamId !== undefined) filters.push({ teamMembers: { some: { teamId: query.teamId } } });
  if (query.query !== undefined && query.query !== '') filters.push(matching(query.query));
  return filters;
}

function unrestricted(config: ProjectConfig): Prisma.ProjectUserWhereInput {
  if (!config.onboarding.requireEmailVerification) return { restrictedByAdmin: false };
  return { restrictedByAdmin: false, contactChannels: { some: { isPrimary: 'TRUE', isVerified: true } } };
}

function matching(words: string): Prisma.ProjectUserWhereInput {
  const contains = { contains: words.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const };
  return {
    OR: [
      { displayName: contains },
      { contactChannels: { some: { value: contains } } },
      ...(isUuid(words) ? [{ projectUserId: words }] : []),
    ],
  };
}

import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { isUuid } from '@stackframe/stack-shared/dist/utils/uuids';
import { database } from '../database.ts';
import type { Prisma, Team } from '../generated/prisma/client.ts';

export type TeamQuery = {
  userId?: string | undefined;
  desc: boolean;
  cursor?: string | undefined;
  limit?: number | undefined;
  words?: string | undefined;
};

const rowsMax = 10_000;

/** Teams by age. `cursor` is the first team of the page; without `limit` the page is everything, at most 10,000. */
export async function listTeams(tenancyId: string, query: TeamQuery): Promise<{ rows: Team[]; nextCursor: string | null }> {
  const order = query.desc ? 'desc' : 'asc';
  const start = query.cursor === undefined ? [] : [await fromCursor(tenancyId, query.cursor, query.desc)];
  const rows = await database().team.findMany({
    where: { tenancyId, AND: [...filters(query), ...start] },
    orderBy: [{ createdAt: order }, { teamId: order }],
    take: query.limit === undefined ? rowsMax : query.limit + 1,
  });
  if (query.limit === undefined) return { rows, nextCursor: null };
  return { rows: rows.slice(0, query.limit), nextCursor: rows[query.limit]?.teamId ?? null };
}

function filters({ userId, words }: TeamQuery): Prisma.TeamWhereInput[] {
  const found: Prisma.TeamWhereInput[] = [];
  if (userId !== undefined) found.push({ members: { some: { projectUserId: userId } } });
  if (words !== undefined && words !== '') {
    const contains = { contains: words.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const };
    found.push({ OR: [{ displayName: contains }, ...(isUuid(words) ? [{ teamId: words }] : [])] });
  }
  return found;
}

async function fromCursor(tenancyId: string, cursor: string, desc: boolean): Promise<Prisma.TeamWhereInput> {
  const first = await database().team.findUnique({ where: { tenancyId_teamId: { tenancyId, teamId: cursor } } });
  if (first === null) throw new StatusError(400, 'The cursor does not exist.');
  const beyond = desc ? 'lt' : 'gt';
  return { OR: [{ createdAt: { [beyond]: first.createdAt } }, { createdAt: first.createdAt, teamId: { [`${beyond}e`]: cursor } }] };
}

import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction } from '../database.ts';
import type { ContactChannel } from '../generated/prisma/client.ts';
import type { UserKey } from '../users/find-user.ts';

const listedMax = 1_000;

/** A contact channel as everyone who may see it sees it. */
export function contactChannelView(row: ContactChannel) {
  return {
    user_id: row.projectUserId,
    id: row.id,
    type: 'email',
    value: row.value,
    is_primary: row.isPrimary === 'TRUE',
    is_verified: row.isVerified,
    used_for_auth: row.usedForAuth === 'TRUE',
  };
}

/** Oldest first; of one user or of all of the project, at most a thousand. */
export function listContactChannels(filter: {
  tenancyId: string;
  userId: string | undefined;
  id: string | undefined;
}): Promise<ContactChannel[]> {
  return database().contactChannel.findMany({
    where: {
      tenancyId: filter.tenancyId,
      ...(filter.userId === undefined ? {} : { projectUserId: filter.userId }),
      ...(filter.id === undefined ? {} : { id: filter.id }),
    },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: listedMax,
  });
}

/** Throws a 404. */
export async function readContactChannel(
  user: UserKey,
  id: string,
  client: Pick<Transaction, 'contactChannel'> = database(),
): Promise<ContactChannel> {
  const row = await client.contactChannel.findUnique({ where: { tenancyId_projectUserId_id: { ...user, id } } });
  if (row === null) throw new StatusError(404, 'Contact channel not found.');
  return row;
}

import { type Database, database } from '../database.ts';
import { type UserRow, userInclude } from './user.ts';

export type UserKey = { tenancyId: string; projectUserId: string };

/** One user with what reading it needs: one statement. */
export function findUser(
  { tenancyId, projectUserId }: UserKey,
  client: Pick<Database, 'projectUser'> = database(),
): Promise<UserRow | null> {
  return client.projectUser.findUnique({
    relationLoadStrategy: 'join',
    where: { tenancyId_projectUserId: { tenancyId, projectUserId } },
    include: userInclude,
  });
}

/** Whether the user exists; cheaper than reading it. */
export async function userExists(key: UserKey, client: Pick<Database, 'projectUser'> = database()): Promise<boolean> {
  return (await client.projectUser.findUnique({ where: { tenancyId_projectUserId: key }, select: { projectUserId: true } })) !== null;
}

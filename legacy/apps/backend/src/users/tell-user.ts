import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Transaction } from '../database.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { tell } from '../webhooks/tell.ts';
import { findUser, type UserKey } from './find-user.ts';
import { serverUser, type UserRow } from './user.ts';

/** Tells the project what a user has become, in the transaction that changed it or something shown with it. Answers the user. Throws USER_NOT_FOUND. */
export async function tellUserUpdated(
  tx: Transaction,
  owner: { projectId: string; config: ProjectConfig },
  key: UserKey,
): Promise<UserRow> {
  const row = await findUser(key, tx);
  if (row === null) throw new KnownErrors.UserNotFound();
  await tell(tx, owner.projectId, 'user.updated', serverUser(row, owner.config));
  return row;
}

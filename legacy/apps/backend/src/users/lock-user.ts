import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Transaction } from '../database.ts';
import type { UserKey } from './find-user.ts';

/** Holds a user's row until the transaction ends, so that changes of one user come one after the other. Throws USER_NOT_FOUND. */
export async function lockUser(tx: Transaction, { tenancyId, projectUserId }: UserKey): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 from "ProjectUser" where "tenancyId" = ${tenancyId}::uuid and "projectUserId" = ${projectUserId}::uuid for no key update`;
  if (rows.length === 0) throw new KnownErrors.UserNotFound();
}

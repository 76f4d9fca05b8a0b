import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { UserKey } from './find-user.ts';

/** Deletes a user with all that hangs on it, and tells those without a foreign key. Throws USER_NOT_FOUND. */
export async function deleteUser(key: UserKey): Promise<void> {
  await database().$transaction(async (tx) => {
    const { count } = await tx.projectUser.deleteMany({ where: key });
    if (count === 0) throw new KnownErrors.UserNotFound();
    // Migration, legacy/README.md line 2: notifications follow this event; before, they were deleted by cascade.
    const payload: Prisma.InputJsonObject = { user_id: key.projectUserId };
    await tx.domainEvent.create({ data: { tenancyId: key.tenancyId, id: randomUUID(), type: 'user.deleted', payload } });
  });
}

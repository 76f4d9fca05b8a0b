import type { Transaction } from '../database.ts';
import { createPassword } from './create-user.ts';
import type { UserKey } from './find-user.ts';

/** Sets a password in place of the one there was, if any, and ends every session. The caller holds the user's row. */
export async function replacePassword(tx: Transaction, key: UserKey, passwordHash: string): Promise<void> {
  await tx.authMethod.deleteMany({ where: { ...key, password: { isNot: null } } });
  await createPassword(tx, key, passwordHash);
  await tx.projectUserRefreshToken.deleteMany({ where: key });
}

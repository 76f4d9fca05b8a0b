import type { UserOwner } from './owner.ts';
import type { UserStore } from './store.ts';
import type { User } from './user.ts';

/**
 * A user to send a mail to. An address in the projection is used as it is; "no such user" and "no address" end a mail for good, so they are
 * confirmed by the owner, once. A deletion is final. Throws UNAVAILABLE when the owner is silent and must be asked.
 */
export async function findRecipient(
  deps: { store: UserStore; owner: UserOwner },
  question: { tenancyId: string; userId: string },
): Promise<User | undefined> {
  const [known] = await deps.store.find(question.tenancyId, [question.userId]);
  if (known?.isDeleted === true) return undefined;
  if (known !== undefined && known.primaryEmail !== null) return known;
  return deps.owner.find(question.tenancyId, question.userId);
}

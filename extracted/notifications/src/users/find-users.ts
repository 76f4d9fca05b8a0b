import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { Position } from '../gateway/headers.ts';
import type { UserOwner } from './owner.ts';
import type { UserStore } from './store.ts';
import type { User } from './user.ts';

export const readThroughLimits = { appliedWaitMs: 100, appliedPollMs: 10, ownerQuestionsMax: 8 } as const;

export type ReadThroughCount = (result: 'fresh' | 'found' | 'absent' | 'owner-down') => void;
type Deps = { store: UserStore; owner: UserOwner; log: Logger; count?: ReadThroughCount };
type Question = { tenancyId: string; userIds: readonly string[]; position?: Position | undefined };

/**
 * Facts about users: from the projection when it has applied the caller's position (waiting 100 ms at most), else from their owner, asked
 * once. A deletion is final and is believed at once. With the owner down, a user the projection knows is believed; for one it does not
 * know, throws UNAVAILABLE. Answers only users that exist.
 */
export async function findUsers(deps: Deps, question: Question): Promise<Map<string, User>> {
  const isFresh = question.position === undefined || (await waitUntilApplied(deps.store, question.position));
  const known = new Map((await deps.store.find(question.tenancyId, question.userIds)).map((user) => [user.id, user]));
  const unsure = question.userIds.filter((id) => {
    const user = known.get(id);
    return user === undefined || (!isFresh && !user.isDeleted);
  });
  if (unsure.length === 0) deps.count?.('fresh');
  for (let start = 0; start < unsure.length; start += readThroughLimits.ownerQuestionsMax) {
    const batch = unsure.slice(start, start + readThroughLimits.ownerQuestionsMax);
    await Promise.all(batch.map((id) => askOwner(deps, question.tenancyId, id, known)));
  }
  for (const [id, user] of known) if (user.isDeleted) known.delete(id);
  return known;
}

/** One user, or undefined when there is none. */
export async function findUser(
  deps: Deps,
  question: { tenancyId: string; userId: string; position?: Position | undefined },
): Promise<User | undefined> {
  const users = await findUsers(deps, { tenancyId: question.tenancyId, userIds: [question.userId], position: question.position });
  return users.get(question.userId);
}

async function askOwner(deps: Deps, tenancyId: string, userId: string, known: Map<string, User>): Promise<void> {
  try {
    const user = await deps.owner.find(tenancyId, userId);
    deps.count?.(user === undefined ? 'absent' : 'found');
    if (user === undefined) known.delete(userId);
    else known.set(userId, user);
  } catch (error) {
    deps.count?.('owner-down');
    if (!known.has(userId)) throw error;
    deps.log.warn({ tenancyId, error: errorText(error) }, 'owner of users is silent, projection believed');
  }
}

async function waitUntilApplied(store: UserStore, position: Position): Promise<boolean> {
  const deadline = performance.now() + readThroughLimits.appliedWaitMs;
  for (;;) {
    const applied = await store.hasApplied(position);
    if (applied !== false) return applied === true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, readThroughLimits.appliedPollMs));
  }
}

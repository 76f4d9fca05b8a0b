import { notificationCategories } from '@atlas/contracts/wire';
import { KnownError } from '@atlas/kit/wire';
import type { Position } from '../gateway/headers.ts';
import { readUnsubscribeCode } from '../mail/unsubscribe-code.ts';
import type { ReadMailSettings } from '../project/settings-cache.ts';
import type { User } from '../users/user.ts';
import { setPreference } from './set-preference.ts';
import type { PreferenceStore } from './store.ts';

/** Keys never change, so any that is known will do. */
const keyAgeMsMax = Infinity;

export type UnsubscribeDeps = {
  preferences: PreferenceStore;
  findUser(question: { tenancyId: string; userId: string; position: Position | undefined }): Promise<User | undefined>;
  settings: ReadMailSettings;
  clock: () => Date;
};

type Caller = { epoch: bigint | undefined; position: Position | undefined };

/** Does what a link out of a mail says, as often as it is followed. Answers the category's name; null when the link is worth nothing. */
export async function unsubscribe(deps: UnsubscribeDeps, code: string, { epoch, position }: Caller): Promise<string | null> {
  const read = readUnsubscribeCode(code);
  if (read === undefined) return null;
  const { tenancyId, userId, categoryId } = read.said;
  const settings = await deps.settings(tenancyId, keyAgeMsMax);
  if (settings === undefined || !read.isProvenBy(settings.unsubscribeKey)) return null;
  const category = notificationCategories.find((known) => known.id === categoryId);
  if (category === undefined || (await deps.findUser({ tenancyId, userId, position })) === undefined) return null;
  try {
    await setPreference(deps, { tenancyId, userId, categoryId, enabled: false }, epoch);
  } catch (error) {
    if (error instanceof KnownError && error.code === 'USER_NOT_FOUND') return null;
    throw error;
  }
  return category.name;
}

import { assertMayChange, categoryById, type PreferenceItem, preferenceItem } from './preference.ts';
import type { PreferenceStore } from './store.ts';

export type PreferenceChange = { tenancyId: string; userId: string; categoryId: string; enabled: boolean };

/** Turns one category of mail on or off for a user. Throws 404 for an unknown category, 400 for one that must stay on, USER_NOT_FOUND. */
export async function setPreference(
  deps: { preferences: PreferenceStore; clock: () => Date },
  change: PreferenceChange,
  epoch: bigint | undefined,
): Promise<PreferenceItem> {
  const category = categoryById(change.categoryId);
  assertMayChange(category, change.enabled);
  await deps.preferences.put(change, { epoch, now: deps.clock() });
  return preferenceItem(category, change.enabled);
}

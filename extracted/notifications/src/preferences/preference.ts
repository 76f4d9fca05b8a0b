import { notificationCategories } from '@atlas/contracts/wire';
import { StatusError } from '@atlas/kit/wire';

export type Category = (typeof notificationCategories)[number];
export type Preference = { tenancyId: string; userId: string; categoryId: string; enabled: boolean };

/** A preference as clients see it. */
export type PreferenceItem = {
  notification_category_id: string;
  notification_category_name: string;
  enabled: boolean;
  can_disable: boolean;
};

export const transactional: Category = notificationCategories[0];

/** Throws 404 for an unknown category. */
export function categoryById(id: string): Category {
  return found(notificationCategories.find((category) => category.id === id));
}

/** Throws 404 for an unknown category. */
export function categoryByName(name: string): Category {
  return found(notificationCategories.find((category) => category.name === name));
}

/** Throws 400 when a category that must stay on is turned off. */
export function assertMayChange(category: Category, enabled: boolean): void {
  if (!enabled && !category.canDisable) throw new StatusError(400, 'This notification category cannot be disabled');
}

/** One item a category, in fixed order; what was never turned off is on. */
export function preferenceItems(preferences: readonly Pick<Preference, 'categoryId' | 'enabled'>[]): PreferenceItem[] {
  return notificationCategories.map((category) =>
    preferenceItem(category, preferences.find((preference) => preference.categoryId === category.id)?.enabled ?? true),
  );
}

export function preferenceItem(category: Category, enabled: boolean): PreferenceItem {
  return {
    notification_category_id: category.id,
    notification_category_name: category.name,
    enabled,
    can_disable: category.canDisable,
  };
}

function found(category: Category | undefined): Category {
  if (category === undefined) throw new StatusError(404, 'Notification category not found.');
  return category;
}

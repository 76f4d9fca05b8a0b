import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { config } from '../config.ts';
import { categoryById } from './categories.ts';
import { setPreference } from './preferences.ts';
import { readUnsubscribeCode, unsubscribeKey } from './unsubscribe-code.ts';

/** Does what a link out of a mail says, as often as it is followed. Answers the category's name; null when the link is worth nothing. */
export async function unsubscribe(code: string, now: Date): Promise<string | null> {
  const read = readUnsubscribeCode(code);
  if (read === undefined || !read.isProvenBy(unsubscribeKey(config().serverSecret, read.said.tenancyId))) return null;
  const { tenancyId, userId, categoryId } = read.said;
  const category = categoryById(categoryId);
  if (category === undefined) return null;
  try {
    await setPreference({ tenancyId, projectUserId: userId }, { categoryId, enabled: false }, now);
  } catch (error) {
    if (error instanceof KnownErrors.UserNotFound) return null;
    throw error;
  }
  return category.name;
}

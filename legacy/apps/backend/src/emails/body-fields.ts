import { templateThemeIdSchema, yupMixed } from '@stackframe/stack-shared/dist/schema-fields';
import type { Recipient } from './recipient.ts';
import type { ThemeChoice } from './themes.ts';

const variablesCharactersMax = 65_536;
const addressesMax = 100;
const addressPattern = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,255}$/;

/** A theme's id, `false` for none, `null` for the project's own. */
export const themeChoice = templateThemeIdSchema.nullable();

/** The same as the route's code sees it: the published schema has no type of its own. */
export function asThemeChoice(value: unknown): ThemeChoice {
  return value as ThemeChoice;
}

/** What a template may print besides the user and the project: an object of at most 64 KiB. */
export const variablesField = yupMixed<Record<string, unknown>>().test((value) => value === undefined || isVariables(value));

/** Who gets a mail. */
export const recipientField = yupMixed<Recipient>().test((value) => value === undefined || isRecipient(value));

function isVariables(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && JSON.stringify(value).length <= variablesCharactersMax;
}

function isRecipient(value: unknown): value is Recipient {
  if (!isRecord(value)) return false;
  const { type, user_id: userId, emails, ...rest } = value;
  if (Object.keys(rest).length > 0) return false;
  switch (type) {
    case 'user-primary-email':
      return typeof userId === 'string' && emails === undefined;
    case 'user-custom-emails':
      return typeof userId === 'string' && areAddresses(emails);
    case 'custom-emails':
      return userId === undefined && areAddresses(emails);
    default:
      return false;
  }
}

function areAddresses(value: unknown): boolean {
  return Array.isArray(value) && value.length <= addressesMax && value.every((one) => typeof one === 'string' && addressPattern.test(one));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

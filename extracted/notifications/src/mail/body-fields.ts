import { wireWhere } from '@atlas/kit/wire';
import type { ThemeChoice } from '../project/project-owner.ts';
import type { Recipient } from './mail.ts';

const variablesCharactersMax = 65_536;
const addressesMax = 100;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const addressPattern = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,255}$/;

/** A theme's id, `false` for none, `null` for the project's own. */
export const themeChoice = wireWhere(isThemeChoice).nullable().optional();

/** What a template may print besides the user and the project: an object of at most 64 KiB. */
export const variablesField = wireWhere(isVariables).optional();

/** Who gets a mail. */
export const recipientField = wireWhere(isRecipient).optional();

function isThemeChoice(value: unknown): value is Exclude<ThemeChoice, null | undefined> {
  return value === false || (typeof value === 'string' && uuidPattern.test(value));
}

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

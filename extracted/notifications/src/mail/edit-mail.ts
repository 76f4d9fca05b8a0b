import { isDeepStrictEqual } from 'node:util';
import { notificationCategories } from '@atlas/contracts/wire';
import { knownErrors, StatusError } from '@atlas/kit/wire';
import type { Position } from '../gateway/headers.ts';
import type { User } from '../users/user.ts';
import { edited, type Mail, type MailEdit } from './mail.ts';
import { renderMail } from './render.ts';
import type { SendEmailDeps } from './send-email.ts';
import { userOf } from './sending.ts';
import { unsubscribeCode, unsubscribeLink } from './unsubscribe-code.ts';

const attemptsMax = 3;

type Caller = { tenancyId: string; epoch: bigint | undefined; position: Position | undefined };

/**
 * Edits a mail that is not on its way and has not arrived. What it says is rendered anew when its source, theme, variables or recipient
 * change: without a lock, so it is done again when somebody else changed them meanwhile. Throws EMAIL_NOT_EDITABLE, EMAIL_RENDERING_ERROR,
 * USER_ID_DOES_NOT_EXIST, 404, NOT_OWNER, EPOCH_TOO_OLD.
 */
export async function editMail(deps: SendEmailDeps, id: string, edit: MailEdit, caller: Caller): Promise<Mail> {
  const { tenancyId, epoch } = caller;
  const now = deps.clock();
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const before = await deps.mails.find(tenancyId, id);
    // Refused before anything is rendered, as the legacy does; again below, under the lock.
    edited(before, edit, now);
    const content = changesContent(edit) ? await contentAfter(deps, before, edit, caller) : {};
    const decide = (mail: Mail) =>
      changesContent(edit) && !isDeepStrictEqual(inputsOf(mail), inputsOf(before)) ? undefined : edited(mail, { ...edit, ...content }, now);
    const after = await deps.mails.edit({ tenancyId, id }, decide, { epoch });
    if (after !== undefined) return after;
  }
  throw new StatusError(409, 'The email is being changed by others. Please try again.');
}

function changesContent({ source, themeId, variables, recipient }: MailEdit): boolean {
  return [source, themeId, variables, recipient].some((part) => part !== undefined);
}

function inputsOf({ source, themeId, variables, recipient }: Mail) {
  return { source, themeId, variables, recipient };
}

/** What the mail says after the edit. */
async function contentAfter(deps: SendEmailDeps, mail: Mail, edit: MailEdit, caller: Caller): Promise<Partial<MailEdit>> {
  const { source = mail.source, themeId = mail.themeId, variables = mail.variables, recipient = mail.recipient } = edit;
  const { tenancyId } = mail;
  const { theme, project } = await deps.projects.mailSource(tenancyId, { content: { html: '' }, theme: themeId ?? false });
  const userId = userOf(recipient)?.toLowerCase();
  const user = userId === undefined ? undefined : await readerOf(deps, { ...caller, userId }, edit.recipient !== undefined);
  const category = notificationCategories.find((known) => known.id === mail.notificationCategoryId);
  const link =
    category?.canDisable === true && userId !== undefined
      ? unsubscribeLink(
          deps.publicUrl,
          unsubscribeCode(await deps.unsubscribeKey(tenancyId), { tenancyId, userId, categoryId: category.id }),
        )
      : null;
  const { subject, html, text } = renderMail(source, theme?.source ?? null, {
    project,
    user: user === undefined ? null : { displayName: user.displayName },
    variables: variables as Record<string, unknown>,
    unsubscribeLink: link,
  });
  return { html, text, subject: edit.subject ?? (subject || mail.subject) };
}

/** A user a mail is to go to from now on must exist; one that it went to all along may be gone. */
async function readerOf(
  deps: SendEmailDeps,
  question: { tenancyId: string; userId: string; position: Position | undefined },
  isNew: boolean,
): Promise<User | undefined> {
  const { userId, ...rest } = question;
  const user = isUuid(userId) ? (await deps.findUsers({ ...rest, userIds: [userId] })).get(userId) : undefined;
  if (user === undefined && isNew) throw knownErrors.userIdDoesNotExist(userId);
  return user;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

import { randomUUID } from 'node:crypto';
import { knownErrors, StatusError } from '@atlas/kit/wire';
import type { Position } from '../gateway/headers.ts';
import { categoryByName, transactional } from '../preferences/preference.ts';
import type { User } from '../users/user.ts';
import { newMail } from './mail.ts';
import type { MailStore } from './store.ts';

export const mailingLimits = { userIdsMax: 500, allUsersMax: 10_000 } as const;

export type SendEmailDeps = {
  mails: MailStore;
  findUsers(question: { tenancyId: string; userIds: readonly string[]; position: Position | undefined }): Promise<Map<string, User>>;
  everyone(tenancyId: string, usersMax: number): Promise<string[]>;
  clock: () => Date;
};

/** What a server asks for, checked by schema only. */
export type Mailing = {
  user_ids?: string[] | undefined;
  all_users?: true | undefined;
  subject?: string | undefined;
  theme_id?: unknown;
  notification_category_name?: string | undefined;
  scheduled_at_millis?: number | undefined;
  html?: string | undefined;
  template_id?: string | undefined;
  draft_id?: string | undefined;
};

/**
 * Puts one mail a user into the outbox, all or none; answers the users in the order given, each once. Throws 400 for what cannot be asked
 * together, 404 for an unknown category, USER_ID_DOES_NOT_EXIST.
 */
export async function sendEmail(
  deps: SendEmailDeps,
  mailing: Mailing,
  caller: { tenancyId: string; epoch: bigint | undefined; position: Position | undefined },
): Promise<string[]> {
  const html = assertComplete(mailing);
  const category = mailing.notification_category_name === undefined ? transactional : categoryByName(mailing.notification_category_name);
  const userIds =
    mailing.user_ids === undefined
      ? await allUsers(deps, caller.tenancyId)
      : await existing(deps, { tenancyId: caller.tenancyId, userIds: [...new Set(mailing.user_ids)], position: caller.position });
  const now = deps.clock();
  const content = {
    source: html,
    html,
    text: null,
    subject: mailing.subject ?? null,
    themeId: typeof mailing.theme_id === 'string' ? mailing.theme_id : null,
    isTransactional: !category.canDisable,
    isHighPriority: false,
    notificationCategoryId: category.id,
    scheduledAt: mailing.scheduled_at_millis === undefined ? now : new Date(mailing.scheduled_at_millis),
  };
  const mails = userIds.map((userId) =>
    newMail({ ...content, tenancyId: caller.tenancyId, id: randomUUID(), recipient: { type: 'user-primary-email', user_id: userId } }, now),
  );
  await deps.mails.add(mails, userIds, { epoch: caller.epoch });
  return userIds;
}

/** The html; throws 400 with the first thing that is wrong. */
function assertComplete(mailing: Mailing): string {
  if (mailing.template_id !== undefined || mailing.draft_id !== undefined)
    throw new StatusError(400, 'Templates and drafts are not available');
  if ((mailing.user_ids === undefined) === (mailing.all_users === undefined))
    throw new StatusError(400, 'Exactly one of user_ids or all_users must be provided');
  if (mailing.html === undefined) throw new StatusError(400, 'html must be provided');
  return mailing.html;
}

async function allUsers(deps: SendEmailDeps, tenancyId: string): Promise<string[]> {
  const { allUsersMax } = mailingLimits;
  const userIds = await deps.everyone(tenancyId, allUsersMax + 1);
  if (userIds.length > allUsersMax) throw new StatusError(400, `The project has more than ${allUsersMax} users; send to user_ids instead`);
  return userIds;
}

async function existing(deps: SendEmailDeps, question: Parameters<SendEmailDeps['findUsers']>[0]): Promise<string[]> {
  const users = await deps.findUsers(question);
  const missing = question.userIds.find((id) => !users.has(id));
  if (missing !== undefined) throw knownErrors.userIdDoesNotExist(missing);
  return [...question.userIds];
}

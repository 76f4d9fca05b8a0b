import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { config } from '../config.ts';
import { database, sqlState, type Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type Category, categoryByName, transactional } from './categories.ts';
import { type LockedUser, lockAllUsers, lockUsers } from './lock-users.ts';
import { draftsOf, type MailContent, type MailSource, markDraftSent, readMailSource } from './mail-source.ts';
import { type RenderedTemplate, renderMail } from './render-mail.ts';
import type { ThemeChoice } from './themes.ts';
import { unsubscribeCode, unsubscribeKey, unsubscribeLink } from './unsubscribe-code.ts';

export const recipientsMax = 500;
const allUsersMax = 10_000;
const rowsPerInsertMax = 500;
const charactersPerInsertMax = 8_000_000;
/** Of one mailing, all its mails together: nobody's template may keep the process from its other work. */
const renderMillisMax = 3_000;

export type Sender = { tenancyId: string; project: { displayName: string; config: ProjectConfig } };
export type Mailing = {
  to: { userIds: readonly string[] } | 'all-users';
  content: MailContent;
  theme: ThemeChoice;
  variables: Record<string, unknown>;
  /** The template's captured subject, when it is null. */
  subject: string | null;
  /** The one its template names, when it is null, else Transactional. */
  category: Category | null;
  scheduledAt: Date;
};

/**
 * Writes one rendered mail for each user, all or none; a draft is marked as sent with them. Answers the users in the order given. Throws
 * USER_ID_DOES_NOT_EXIST, EMAIL_RENDERING_ERROR, 404 for what there is not, 400 for what is too large.
 */
export async function sendEmail(sender: Sender, mailing: Mailing, now: Date): Promise<string[]> {
  try {
    return await database().$transaction(async (tx) => {
      const source = await readMailSource(sender.project.config, mailing, draftsOf(tx, sender.tenancyId));
      const users = await recipients(tx, sender.tenancyId, mailing.to);
      await writeMails(tx, mailsFor({ sender, mailing, source, now }, users));
      if (source.createdWith === 'draft' && source.templateId !== null)
        await markDraftSent(tx, { tenancyId: sender.tenancyId, id: source.templateId }, now);
      return users.map((user) => user.projectUserId);
    });
  } catch (error) {
    if (sqlState(error) === '23514') throw new StatusError(400, 'The email is too large.');
    throw error;
  }
}

async function recipients(tx: Transaction, tenancyId: string, to: Mailing['to']): Promise<LockedUser[]> {
  if (to === 'all-users') {
    const users = await lockAllUsers(tx, tenancyId, allUsersMax);
    if (users.length > allUsersMax) throw new StatusError(400, `The project has more than ${allUsersMax} users; send to user_ids instead`);
    return users;
  }
  const userIds = [...new Set(to.userIds.map((id) => id.toLowerCase()))];
  const existing = await lockUsers(tx, tenancyId, userIds);
  return userIds.map((userId) => {
    const user = existing.get(userId);
    if (user === undefined) throw new KnownErrors.UserIdDoesNotExist(userId);
    return user;
  });
}

/** A part at a time: mails are made while they are written, never all at once. */
async function writeMails(tx: Transaction, mails: Iterable<OutboxRow>): Promise<void> {
  let rows: OutboxRow[] = [];
  let characters = 0;
  for (const mail of mails) {
    rows.push(mail);
    characters += mail.source.length + mail.html.length + mail.text.length;
    if (rows.length < rowsPerInsertMax && characters < charactersPerInsertMax) continue;
    await tx.emailOutbox.createMany({ data: rows });
    rows = [];
    characters = 0;
  }
  if (rows.length > 0) await tx.emailOutbox.createMany({ data: rows });
}

type OutboxRow = ReturnType<typeof outboxRow>;
type Work = { sender: Sender; mailing: Mailing; source: MailSource; now: Date };

function* mailsFor(work: Work, users: readonly LockedUser[]): Generator<OutboxRow> {
  const deadline = performance.now() + renderMillisMax;
  let category = work.mailing.category;
  for (const user of users) {
    category ??= categoryOf(rendered(work, user, transactional));
    yield outboxRow(work, user, category, rendered(work, user, category));
    if (performance.now() > deadline) throw new KnownErrors.EmailRenderingError('rendering took too long');
  }
}

function categoryOf({ category }: RenderedTemplate): Category {
  const found = category === null ? transactional : categoryByName(category);
  if (found === undefined) throw new StatusError(404, 'Notification category not found.');
  return found;
}

function rendered({ sender, mailing, source }: Work, user: LockedUser, category: Category): RenderedTemplate {
  return renderMail(source.source, source.theme?.source ?? null, {
    project: { displayName: sender.project.displayName },
    user: { displayName: user.displayName },
    variables: { ...source.variables, ...mailing.variables },
    unsubscribeLink: linkToUnsubscribe({ tenancyId: sender.tenancyId, userId: user.projectUserId }, category),
  });
}

/** Null for mails that nobody can turn off. */
export function linkToUnsubscribe(user: { tenancyId: string; userId: string }, category: Category): string | null {
  if (!category.canDisable) return null;
  const { serverSecret, publicApiUrl } = config();
  return unsubscribeLink(publicApiUrl, unsubscribeCode(unsubscribeKey(serverSecret, user.tenancyId), { ...user, categoryId: category.id }));
}

function outboxRow({ sender, mailing, source, now }: Work, user: LockedUser, category: Category, mail: RenderedTemplate) {
  return {
    tenancyId: sender.tenancyId,
    id: randomUUID(),
    createdAt: now,
    updatedAt: now,
    recipient: { type: 'user-primary-email', user_id: user.projectUserId },
    source: source.source,
    themeId: source.theme?.id ?? null,
    variables: { ...source.variables, ...mailing.variables } as Prisma.InputJsonObject,
    createdWith: source.createdWith,
    templateId: source.templateId,
    subject: mailing.subject ?? (mail.subject || null),
    html: mail.html,
    text: mail.text,
    isTransactional: !category.canDisable,
    isHighPriority: false,
    notificationCategoryId: category.id,
    scheduledAt: mailing.scheduledAt,
    renderedAt: now,
  };
}

import { randomUUID } from 'node:crypto';
import { knownErrors, StatusError } from '@atlas/kit/wire';
import type { Position } from '../gateway/headers.ts';
import { type Category, categoryByName, transactional } from '../preferences/preference.ts';
import type { MailContent, MailSource, ProjectOwner, ThemeChoice } from '../project/project-owner.ts';
import type { User } from '../users/user.ts';
import { type Mail, newMail } from './mail.ts';
import { type RenderedMail, renderMail } from './render.ts';
import type { MailStore } from './store.ts';
import { unsubscribeCode, unsubscribeLink } from './unsubscribe-code.ts';

export const mailingLimits = {
  userIdsMax: 500,
  allUsersMax: 10_000,
  /** Of one mailing, all its mails together: nobody's template may keep the process from its other work. */
  renderMs: 3_000,
} as const;

/** Whom a mail is for, as far as it is printed. */
export type Reader = Pick<User, 'id' | 'displayName'>;

export type SendEmailDeps = {
  mails: MailStore;
  projects: Pick<ProjectOwner, 'mailSource' | 'noteDraftSent'>;
  /** The key of a project's unsubscribe codes. Throws UNAVAILABLE. */
  unsubscribeKey(tenancyId: string): Promise<Buffer>;
  findUsers(question: { tenancyId: string; userIds: readonly string[]; position: Position | undefined }): Promise<Map<string, User>>;
  everyone(tenancyId: string, usersMax: number): Promise<Reader[]>;
  publicUrl: string;
  clock: () => Date;
};

/** What a server asks for, checked by schema only. */
export type Mailing = {
  user_ids?: string[] | undefined;
  all_users?: true | undefined;
  subject?: string | undefined;
  theme_id?: ThemeChoice;
  notification_category_name?: string | undefined;
  scheduled_at_millis?: number | undefined;
  html?: string | undefined;
  template_id?: string | undefined;
  variables?: Record<string, unknown> | undefined;
  draft_id?: string | undefined;
};

type Caller = { tenancyId: string; epoch: bigint | undefined; position: Position | undefined };

/**
 * Puts one rendered mail a user into the outbox, all or none; a draft is noted as sent with them. Answers the users in the order given,
 * each once. Throws 400 for what cannot be asked together, 404 for what there is not, USER_ID_DOES_NOT_EXIST, EMAIL_RENDERING_ERROR.
 */
export async function sendEmail(deps: SendEmailDeps, mailing: Mailing, caller: Caller): Promise<string[]> {
  if ((mailing.user_ids === undefined) === (mailing.all_users === undefined))
    throw new StatusError(400, 'Exactly one of user_ids or all_users must be provided');
  const content = contentOf(mailing);
  const named = mailing.notification_category_name === undefined ? undefined : categoryByName(mailing.notification_category_name);
  const { tenancyId } = caller;
  const source = await deps.projects.mailSource(tenancyId, { content, theme: mailing.theme_id });
  const readers = mailing.user_ids === undefined ? await allUsers(deps, tenancyId) : await existing(deps, caller, mailing.user_ids);
  const draft: Draft = { tenancyId, source, variables: { ...source.variables, ...mailing.variables }, publicUrl: deps.publicUrl };
  const category = named ?? categoryOf(draft, readers);
  const key = category.canDisable ? await deps.unsubscribeKey(tenancyId) : undefined;
  const mails = mailsFor({ ...draft, mailing, category, key, now: deps.clock() }, readers);
  const to = { tenancyId, userIds: readers.map((reader) => reader.id) };
  await deps.mails.add(to, mails, { epoch: caller.epoch, beforeCommit: () => noteSent(deps, tenancyId, source) });
  return to.userIds;
}

/** Throws 400 unless exactly one of the three is there. */
function contentOf({ html, template_id: templateId, draft_id: draftId }: Mailing): MailContent {
  const given = [
    ...(html === undefined ? [] : [{ html }]),
    ...(templateId === undefined ? [] : [{ templateId }]),
    ...(draftId === undefined ? [] : [{ draftId }]),
  ];
  const [content] = given;
  if (content === undefined || given.length > 1)
    throw new StatusError(400, 'Exactly one of html, template_id or draft_id must be provided');
  return content;
}

async function allUsers(deps: SendEmailDeps, tenancyId: string): Promise<Reader[]> {
  const { allUsersMax } = mailingLimits;
  const readers = await deps.everyone(tenancyId, allUsersMax + 1);
  if (readers.length > allUsersMax) throw new StatusError(400, `The project has more than ${allUsersMax} users; send to user_ids instead`);
  return readers;
}

async function existing(deps: SendEmailDeps, { tenancyId, position }: Caller, given: readonly string[]): Promise<Reader[]> {
  const userIds = [...new Set(given.map((id) => id.toLowerCase()))];
  const users = await deps.findUsers({ tenancyId, userIds, position });
  return userIds.map((id) => {
    const user = users.get(id);
    if (user === undefined) throw knownErrors.userIdDoesNotExist(id);
    return user;
  });
}

type Draft = { tenancyId: string; source: MailSource; variables: Record<string, unknown>; publicUrl: string };
type Work = Draft & { mailing: Mailing; category: Category; key: Buffer | undefined; now: Date };

/** The one its template names, else Transactional. Throws 404 for a name that is none. */
function categoryOf(draft: Draft, [first]: readonly Reader[]): Category {
  if (first === undefined) return transactional;
  const { category } = rendered(draft, first, null);
  return category === null ? transactional : categoryByName(category);
}

/** One after the other, as they are asked for: never all at once. */
function* mailsFor(work: Work, readers: readonly Reader[]): Generator<Mail> {
  const deadline = performance.now() + mailingLimits.renderMs;
  for (const reader of readers) {
    yield mailFor(work, reader);
    if (performance.now() > deadline) throw knownErrors.emailRenderingError('rendering took too long');
  }
}

function mailFor(work: Work, reader: Reader): Mail {
  const { tenancyId, source, variables, mailing, category, key, now } = work;
  const said = { tenancyId, userId: reader.id, categoryId: category.id };
  const link = key === undefined ? null : unsubscribeLink(work.publicUrl, unsubscribeCode(key, said));
  const { subject, html, text } = rendered(work, reader, link);
  return newMail(
    {
      tenancyId,
      id: randomUUID(),
      recipient: { type: 'user-primary-email', user_id: reader.id },
      source: source.source,
      themeId: source.theme?.id ?? null,
      variables,
      createdWith: source.createdWith,
      templateId: source.templateId,
      subject: mailing.subject ?? (subject || null),
      html,
      text,
      isTransactional: !category.canDisable,
      isHighPriority: false,
      notificationCategoryId: category.id,
      scheduledAt: mailing.scheduled_at_millis === undefined ? now : new Date(mailing.scheduled_at_millis),
    },
    now,
  );
}

function rendered({ source, variables }: Draft, reader: Reader, link: string | null): RenderedMail {
  return renderMail(source.source, source.theme?.source ?? null, {
    project: source.project,
    user: { displayName: reader.displayName },
    variables,
    unsubscribeLink: link,
  });
}

async function noteSent({ projects }: SendEmailDeps, tenancyId: string, { createdWith, templateId }: MailSource): Promise<void> {
  if (createdWith === 'draft' && templateId !== null) await projects.noteDraftSent(tenancyId, templateId);
}

import { notificationCategories } from '@atlas/contracts/wire';
import { AppError, errorText } from '@atlas/kit/errors';
import { failpoint } from '@atlas/kit/failpoints';
import type { Logger } from '@atlas/kit/logger';
import type { MailSettings } from '../project/project-owner.ts';
import type { ReadMailSettings } from '../project/settings-cache.ts';
import type { User } from '../users/user.ts';
import type { Mail } from './mail.ts';
import { addressing, attempted, isUnsubscribed, type MailResult, postponed, skipped, userOf } from './sending.ts';
import type { Mailer } from './smtp.ts';
import type { Claim, MailStore } from './store.ts';
import { unsubscribeCode, unsubscribeLink } from './unsubscribe-code.ts';

export type SenderDeps = {
  mails: MailStore;
  mailer: Mailer;
  /** A user as the sender may rely on it: an absent one, or one without an address, was confirmed by the owner. */
  findRecipient(tenancyId: string, userId: string): Promise<User | undefined>;
  /** Throws UNAVAILABLE. */
  settings: ReadMailSettings;
  publicUrl: string;
  /** Mails the senders of this process are at: saves them from asking for one another's. The row's lock is what counts. */
  underWay: Set<string>;
  count(outcome: string): void;
  clock: () => Date;
  log: Logger;
};

/** Mails looked at in one round; one that another sender has is passed over. */
const candidatesMax = 32;

/**
 * Sends the most urgent mail that may leave, if there is one; answers whether it did anything. Facts about the recipient come first,
 * without a lock; then claim, SMTP and mark are one transaction, so that a fence waits for the mail. Throws NOT_OWNER.
 */
export async function sendNext(deps: SenderDeps): Promise<boolean> {
  const failures: unknown[] = [];
  for (const mail of await deps.mails.due(deps.clock(), candidatesMax)) {
    if (deps.underWay.has(mail.id)) continue;
    deps.underWay.add(mail.id);
    try {
      const facts = await readFacts(deps, mail);
      if (await deps.mails.claim(mail, deps.clock(), (claim) => finish(deps, claim, facts))) return true;
    } catch (error) {
      // One mail that fails must not hold up the others; NOT_OWNER concerns them all.
      if (error instanceof AppError && error.code === 'NOT_OWNER') throw error;
      failures.push(error);
    } finally {
      deps.underWay.delete(mail.id);
    }
  }
  if (failures.length > 0) throw failures[0];
  return false;
}

type Facts = { user: User | undefined; settings: MailSettings | undefined } | 'unavailable';

async function readFacts(deps: SenderDeps, mail: Mail): Promise<Facts> {
  const userId = userOf(mail.recipient);
  try {
    return {
      user: userId === undefined ? undefined : await deps.findRecipient(mail.tenancyId, userId),
      settings: await deps.settings(mail.tenancyId),
    };
  } catch (error) {
    deps.log.warn({ mailId: mail.id, error: errorText(error) }, 'mail postponed, its recipient or its project cannot be looked up');
    return 'unavailable';
  }
}

async function finish(deps: SenderDeps, claim: Claim, facts: Facts): Promise<void> {
  await failpoint('mail.claimed');
  const result = await resultOf(deps, claim, facts);
  if (result.outcome === 'sent') await failpoint('mail.sent');
  await claim.finish(result);
  deps.count(result.outcome ?? 'retry');
}

async function resultOf(deps: SenderDeps, claim: Claim, facts: Facts): Promise<MailResult> {
  const { mail } = claim;
  if (facts === 'unavailable') return postponed(mail, deps.clock());
  const target = addressing(mail.recipient, facts.user);
  if ('skip' in target) return skipped(mail, target.skip, deps.clock());
  if (await hasUnsubscribed(claim)) return skipped(mail, 'USER_UNSUBSCRIBED', deps.clock());
  const started = deps.clock();
  const { sender, server = null } = facts.settings ?? { sender: nobody };
  const link = linkOf(mail, facts.settings, deps.publicUrl);
  const delivery = await deps.mailer.deliver(mail, { emails: target.emails, sender, server, unsubscribeLink: link });
  if (delivery.kind !== 'accepted')
    deps.log.warn({ mailId: mail.id, delivery: delivery.kind, reason: delivery.reason }, 'mail not accepted');
  return attempted(mail, delivery, { started, finished: deps.clock() });
}

/** Of a project that is gone. */
const nobody = { name: '', address: 'noreply@example.com' };

function linkOf(mail: Mail, settings: MailSettings | undefined, publicUrl: string): string | null {
  const category = notificationCategories.find((known) => known.id === mail.notificationCategoryId);
  const userId = userOf(mail.recipient);
  if (category?.canDisable !== true || userId === undefined || settings === undefined) return null;
  const said = { tenancyId: mail.tenancyId, userId, categoryId: category.id };
  return unsubscribeLink(publicUrl, unsubscribeCode(settings.unsubscribeKey, said));
}

async function hasUnsubscribed({ mail, isEnabled }: Claim): Promise<boolean> {
  const category = notificationCategories.find((known) => known.id === mail.notificationCategoryId);
  const userId = userOf(mail.recipient);
  if (category === undefined || userId === undefined) return false;
  return isUnsubscribed(category, await isEnabled(userId, category.id));
}

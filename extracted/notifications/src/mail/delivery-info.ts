import type { ReadMailSettings } from '../project/settings-cache.ts';
import { capacityAt } from './capacity.ts';
import type { MailStore, SentCounts } from './store.ts';

export type DeliveryInfoDeps = { mails: MailStore; settings: ReadMailSettings; clock: () => Date };

const hourMs = 3_600_000;

/** How many mails of a project went out lately, and what it may send: a boost is seen at once. */
export async function deliveryInfo({ mails, settings, clock }: DeliveryInfoDeps, tenancyId: string) {
  const now = clock();
  const before = (hours: number) => new Date(now.getTime() - hours * hourMs);
  const [sent, known] = await Promise.all([
    mails.countSent(tenancyId, { hour: before(1), day: before(24), week: before(7 * 24), month: before(30 * 24) }),
    settings(tenancyId, 0),
  ]);
  const of = (window: keyof SentCounts) => ({ sent: sent[window], bounced: 0, marked_as_spam: 0 });
  return {
    stats: { hour: of('hour'), day: of('day'), week: of('week'), month: of('month') },
    capacity: capacityAt(now, known?.boostExpiresAt ?? null),
  };
}

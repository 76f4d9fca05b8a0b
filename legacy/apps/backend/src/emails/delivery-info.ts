import { database } from '../database.ts';
import { boostEnd } from './boost-capacity.ts';
import { capacityAt } from './capacity.ts';

const hourMs = 3_600_000;
const windowsMs = { hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs, month: 30 * 24 * hourMs } as const;

/** How many mails of a project went out lately, and what it may send. */
export async function deliveryInfo(tenancyId: string, now: Date) {
  const since = (window: keyof typeof windowsMs) => new Date(now.getTime() - windowsMs[window]);
  const [[sent], boostExpiresAt] = await Promise.all([
    database().$queryRaw<Record<keyof typeof windowsMs, number>[]>`
      select
        count(*) filter (where "finishedSendingAt" > ${since('hour')})::int as "hour",
        count(*) filter (where "finishedSendingAt" > ${since('day')})::int as "day",
        count(*) filter (where "finishedSendingAt" > ${since('week')})::int as "week",
        count(*)::int as "month"
      from "EmailOutbox"
      where "tenancyId" = ${tenancyId}::uuid and "outcome" = 'sent' and "finishedSendingAt" > ${since('month')}`,
    boostEnd(tenancyId),
  ]);
  const of = (window: keyof typeof windowsMs) => ({ sent: sent?.[window] ?? 0, bounced: 0, marked_as_spam: 0 });
  return {
    stats: { hour: of('hour'), day: of('day'), week: of('week'), month: of('month') },
    capacity: capacityAt(now, boostExpiresAt),
  };
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database } from '../database.ts';
import { boostMillis } from './capacity.ts';

/** Starts a boost and answers its end. Of two at the same time one gets EMAIL_CAPACITY_BOOST_ALREADY_ACTIVE. */
export async function boostCapacity(tenancyId: string, now: Date): Promise<Date> {
  const expiresAt = new Date(now.getTime() + boostMillis);
  const { count } = await database().tenancy.updateMany({
    where: { id: tenancyId, OR: [{ emailCapacityBoostExpiresAt: null }, { emailCapacityBoostExpiresAt: { lte: now } }] },
    data: { emailCapacityBoostExpiresAt: expiresAt },
  });
  if (count === 1) return expiresAt;
  throw new KnownErrors.EmailCapacityBoostAlreadyActive(((await boostEnd(tenancyId)) ?? expiresAt).toISOString());
}

export async function boostEnd(tenancyId: string): Promise<Date | null> {
  const row = await database().tenancy.findUnique({ where: { id: tenancyId }, select: { emailCapacityBoostExpiresAt: true } });
  return row?.emailCapacityBoostExpiresAt ?? null;
}

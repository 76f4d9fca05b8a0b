import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Transaction } from '../database.ts';
import type { ContactChannel } from '../generated/prisma/client.ts';
import { createEmail } from './create-user.ts';
import type { UserKey } from './find-user.ts';

/** Absent means unchanged; a null value means none from now on. The value is normalised. */
export type PrimaryEmailChange = { value?: string | null | undefined; isVerified?: boolean | undefined; usedForAuth?: boolean | undefined };

/**
 * Changes a user's primary e-mail. A new address takes the old one's place and its use for signing in, and is not verified unless said so;
 * an address the user has already becomes the primary one as it is. The caller holds the user's row.
 */
export async function changePrimaryEmail(
  tx: Transaction,
  key: UserKey,
  current: ContactChannel | undefined,
  change: PrimaryEmailChange,
): Promise<void> {
  if (change.value === null || (change.value === undefined && current === undefined)) {
    assertNoFlagWithoutEmail(change);
    if (current !== undefined) await tx.contactChannel.delete({ where: channelKey(current) });
  } else if (change.value === undefined || change.value === current?.value) {
    if (current !== undefined) await tx.contactChannel.update({ where: channelKey(current), data: flagsOf(change) });
  } else await replacePrimaryEmail(tx, key, current, { ...change, value: change.value });
}

async function replacePrimaryEmail(
  tx: Transaction,
  key: UserKey,
  current: ContactChannel | undefined,
  change: PrimaryEmailChange & { value: string },
): Promise<void> {
  const owned = await tx.contactChannel.findFirst({ where: { ...key, type: 'EMAIL', value: change.value } });
  const usedForAuth = change.usedForAuth ?? (current?.usedForAuth === 'TRUE' || owned?.usedForAuth === 'TRUE');
  if (owned !== null) {
    if (current !== undefined) await tx.contactChannel.delete({ where: channelKey(current) });
    await tx.contactChannel.update({ where: channelKey(owned), data: { ...flagsOf({ ...change, usedForAuth }), isPrimary: 'TRUE' } });
  } else if (current === undefined) {
    await createEmail(tx, key, { value: change.value, isVerified: change.isVerified ?? false, usedForAuth });
  } else {
    const flags = flagsOf({ isVerified: change.isVerified ?? false, usedForAuth });
    await tx.contactChannel.update({ where: channelKey(current), data: { ...flags, value: change.value } });
  }
}

/** Throws a 400. */
export function assertNoFlagWithoutEmail(change: PrimaryEmailChange): void {
  const flag = change.isVerified === true ? 'primary_email_verified' : change.usedForAuth === true ? 'primary_email_auth_enabled' : null;
  if (flag !== null) throw new StatusError(400, `${flag} cannot be true without primary_email.`);
}

function flagsOf({ isVerified, usedForAuth }: PrimaryEmailChange) {
  return {
    ...(isVerified === undefined ? {} : { isVerified }),
    ...(usedForAuth === undefined ? {} : { usedForAuth: usedForAuth ? ('TRUE' as const) : null }),
  };
}

function channelKey({ tenancyId, projectUserId, id }: ContactChannel) {
  return { tenancyId_projectUserId_id: { tenancyId, projectUserId, id } };
}

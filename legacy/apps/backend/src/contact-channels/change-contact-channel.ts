import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction, violatedIndex } from '../database.ts';
import type { ContactChannel } from '../generated/prisma/client.ts';
import type { TeamOwner } from '../teams/create-team.ts';
import { normalizeEmail } from '../users/email-address.ts';
import type { UserKey } from '../users/find-user.ts';
import { lockUser } from '../users/lock-user.ts';
import { tellUserUpdated } from '../users/tell-user.ts';
import { readContactChannel } from './contact-channel.ts';

/** In the wire's names; absent means unchanged (or, of a new one, false). */
export type ContactChannelChange = {
  value?: string | undefined;
  is_primary?: boolean | undefined;
  is_verified?: boolean | undefined;
  used_for_auth?: boolean | undefined;
};

const channelsOfUserMax = 100;

/** Throws USER_ID_DOES_NOT_EXIST, CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE, a 409 when the user has the address already. */
export async function createContactChannel(
  owner: TeamOwner,
  projectUserId: string,
  channel: ContactChannelChange & { value: string },
): Promise<ContactChannel> {
  const user = { tenancyId: owner.tenancyId, projectUserId };
  const value = normalizeEmail(channel.value);
  const create = async (tx: Transaction) => {
    const existing = await tx.contactChannel.findMany({ where: user, select: { id: true }, take: channelsOfUserMax });
    if (existing.length >= channelsOfUserMax) throw new StatusError(400, `A user can have at most ${channelsOfUserMax} contact channels.`);
    if (channel.is_primary === true) await demotePrimary(tx, user);
    const data = { ...user, id: randomUUID(), type: 'EMAIL' as const, value, ...flagColumns(channel) };
    return withKnownErrors(value, tx.contactChannel.create({ data }));
  };
  try {
    return await changing(owner, user, create);
  } catch (error) {
    throw KnownErrors.UserNotFound.isInstance(error) ? new KnownErrors.UserIdDoesNotExist(projectUserId) : error;
  }
}

/**
 * Changes what is given. Another address is not verified unless said so, and a new primary one takes the place of the old. Throws
 * CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE, USER_NOT_FOUND, a 404, a 409 when the user has the address already.
 */
export function changeContactChannel(owner: TeamOwner, user: UserKey, id: string, change: ContactChannelChange): Promise<ContactChannel> {
  return changing(owner, user, async (tx) => {
    const before = await readContactChannel(user, id, tx);
    if (change.is_primary === true && before.isPrimary === null) await demotePrimary(tx, user);
    const value = change.value === undefined ? before.value : normalizeEmail(change.value);
    const data = { ...(value === before.value ? {} : { value, isVerified: false }), ...flagColumns(change) };
    return withKnownErrors(value, tx.contactChannel.update({ where: { tenancyId_projectUserId_id: { ...user, id } }, data }));
  });
}

/** Throws USER_NOT_FOUND, a 404. */
export async function deleteContactChannel(owner: TeamOwner, user: UserKey, id: string): Promise<void> {
  await changing(owner, user, async (tx) => {
    await readContactChannel(user, id, tx);
    await tx.contactChannel.delete({ where: { tenancyId_projectUserId_id: { ...user, id } } });
  });
}

/** One change of a user's channels after the other: its row is held. The project is told, for the primary channel shows in the user. */
function changing<T>(owner: TeamOwner, user: UserKey, change: (tx: Transaction) => Promise<T>): Promise<T> {
  return database().$transaction(async (tx) => {
    await lockUser(tx, user);
    const result = await change(tx);
    await tellUserUpdated(tx, owner, user);
    return result;
  });
}

async function demotePrimary(tx: Transaction, user: UserKey): Promise<void> {
  await tx.contactChannel.updateMany({ where: { ...user, type: 'EMAIL', isPrimary: 'TRUE' }, data: { isPrimary: null } });
}

function flagColumns(change: ContactChannelChange) {
  return {
    ...(change.is_verified === undefined ? {} : { isVerified: change.is_verified }),
    ...(change.is_primary === undefined ? {} : { isPrimary: asTrue(change.is_primary) }),
    ...(change.used_for_auth === undefined ? {} : { usedForAuth: asTrue(change.used_for_auth) }),
  };
}

function asTrue(flag: boolean): 'TRUE' | null {
  return flag ? 'TRUE' : null;
}

/** The indexes decided who was first. */
async function withKnownErrors<T>(value: string, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    switch (violatedIndex(error)) {
      case 'ContactChannel_tenancyId_type_value_usedForAuth_key':
        throw new KnownErrors.ContactChannelAlreadyUsedForAuthBySomeoneElse('email', value);
      case 'ContactChannel_tenancyId_projectUserId_type_value_key':
        throw new StatusError(409, 'The user has this contact channel already.');
      default:
        throw error;
    }
  }
}

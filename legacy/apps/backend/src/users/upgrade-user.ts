import type { Transaction } from '../database.ts';
import { createOAuthAccount } from '../oauth/oauth-account.ts';
import type { TeamOwner } from '../teams/create-team.ts';
import { tell } from '../webhooks/tell.ts';
import { createEmail, createOtp, createPersonalTeam, createUser, grantSignUpPermissions, type NewUser } from './create-user.ts';
import { findUser, type UserKey } from './find-user.ts';
import { replacePassword } from './replace-password.ts';
import { serverUser, type UserRow } from './user.ts';

/** Signs somebody up: an anonymous caller becomes the user in place, everyone else gets a new one. Answers the user's id. */
export async function signUpUser(tx: Transaction, owner: TeamOwner, caller: UserRow | undefined, user: NewUser): Promise<string> {
  if (caller !== undefined && (await upgradeAnonymousUser(tx, owner, caller, user))) return caller.projectUserId;
  return createUser(tx, owner, user);
}

/**
 * Makes an anonymous user a real one, who keeps its id and what it has, and signed up now. False, and nothing done, when it is not anonymous
 * (any more): of two upgrades at the same time the second waits for the first, and is no upgrade.
 * A password ends the sessions there were, as setting one always does.
 */
export async function upgradeAnonymousUser(tx: Transaction, owner: TeamOwner, row: UserRow, user: NewUser): Promise<boolean> {
  const key = { tenancyId: row.tenancyId, projectUserId: row.projectUserId };
  const { count } = await tx.projectUser.updateMany({ where: { ...key, isAnonymous: true }, data: upgradedColumns(user) });
  if (count === 0) return false;
  if (user.email !== undefined) await replaceEmail(tx, key, user.email);
  if (user.passwordHash !== undefined) await replacePassword(tx, key, user.passwordHash);
  if (user.otpAuthEnabled === true && (await tx.otpAuthMethod.findUnique({ where: { tenancyId_projectUserId: key } })) === null)
    await createOtp(tx, key);
  for (const account of user.oauthAccounts ?? []) await createOAuthAccount(tx, key, account);
  await grantSignUpPermissions(tx, owner, key);
  const upgraded = await findUser(key, tx);
  if (upgraded === null) throw new Error('the user just upgraded is gone');
  await tell(tx, owner.projectId, 'user.updated', serverUser(upgraded, owner.config));
  if (owner.config.teams.createPersonalTeamOnSignUp)
    await createPersonalTeam(tx, owner, key, { displayName: upgraded.displayName, email: upgraded.contactChannels[0] });
  return true;
}

function upgradedColumns(user: NewUser) {
  return {
    isAnonymous: false,
    signedUpAt: new Date(),
    ...(user.displayName ? { displayName: user.displayName } : {}),
    ...(user.profileImageUrl === undefined ? {} : { profileImageUrl: user.profileImageUrl }),
  };
}

async function replaceEmail(tx: Transaction, key: UserKey, email: NonNullable<NewUser['email']>): Promise<void> {
  await tx.contactChannel.deleteMany({ where: { ...key, type: 'EMAIL', OR: [{ isPrimary: 'TRUE' }, { value: email.value }] } });
  await createEmail(tx, key, email);
}

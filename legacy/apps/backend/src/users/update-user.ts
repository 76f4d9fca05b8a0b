import { database, type Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { TeamOwner } from '../teams/create-team.ts';
import { asEmailTakenError, createOtp } from './create-user.ts';
import { normalizeEmail } from './email-address.ts';
import { findUser, type UserKey } from './find-user.ts';
import { asJson } from './json-column.ts';
import { lockUser } from './lock-user.ts';
import { assertPasswordAllowed, assertPasswordHashImportable, hashPassword } from './password.ts';
import { changePrimaryEmail } from './primary-email.ts';
import { replacePassword } from './replace-password.ts';
import { selectTeam } from './select-team.ts';
import { tellUserUpdated } from './tell-user.ts';
import { upgradeAnonymousUser } from './upgrade-user.ts';
import type { UserRow } from './user.ts';
import { readTotpSecret, type UserChange } from './user-change.ts';

/**
 * Changes what is given, in one transaction that holds the user's row, and tells the project. The change is one that is allowed.
 * Throws USER_NOT_FOUND, USER_EMAIL_ALREADY_EXISTS, TEAM_MEMBERSHIP_NOT_FOUND, password errors.
 */
export async function updateUser(owner: TeamOwner, projectUserId: string, change: UserChange): Promise<UserRow> {
  const key = { tenancyId: owner.tenancyId, projectUserId };
  const passwordHash = await readPasswordChange(change);
  const email = change.primary_email ? normalizeEmail(change.primary_email) : change.primary_email;
  try {
    return await database().$transaction(async (tx) => {
      await lockUser(tx, key);
      const before = await findExisting(tx, key);
      await changePrimaryEmail(tx, key, before.contactChannels[0], {
        value: email,
        isVerified: change.primary_email_verified,
        usedForAuth: change.primary_email_auth_enabled,
      });
      await changeWaysToSignIn(tx, before, change, passwordHash);
      await tx.projectUser.update({ where: { tenancyId_projectUserId: key }, data: changedColumns(change) });
      if (change.is_anonymous === false) await upgradeAnonymousUser(tx, owner, before, {});
      if (change.selected_team_id !== undefined) await selectTeam(tx, key, change.selected_team_id);
      return tellUserUpdated(tx, owner, key);
    });
  } catch (error) {
    throw asEmailTakenError(error, email ?? '');
  }
}

async function findExisting(tx: Transaction, key: UserKey): Promise<UserRow> {
  const row = await findUser(key, tx);
  if (row === null) throw new Error('the user whose row is held is gone');
  return row;
}

/** Undefined: unchanged. Null: no password from now on. */
export async function readPasswordChange(change: Pick<UserChange, 'password' | 'password_hash'>): Promise<string | null | undefined> {
  if (change.password !== undefined) {
    if (change.password === null) return null;
    assertPasswordAllowed(change.password);
    return hashPassword(change.password);
  }
  if (change.password_hash === undefined) return undefined;
  assertPasswordHashImportable(change.password_hash);
  return change.password_hash;
}

async function changeWaysToSignIn(
  tx: Transaction,
  before: UserRow,
  change: UserChange,
  passwordHash: string | null | undefined,
): Promise<void> {
  const key = { tenancyId: before.tenancyId, projectUserId: before.projectUserId };
  if (passwordHash === null) await removePassword(tx, key);
  else if (passwordHash !== undefined) await replacePassword(tx, key, passwordHash);
  if (change.otp_auth_enabled === true && before.otps.length === 0) await createOtp(tx, key);
  if (change.otp_auth_enabled === false) await tx.authMethod.deleteMany({ where: { ...key, otp: { isNot: null } } });
  if (change.passkey_auth_enabled === false) await tx.authMethod.deleteMany({ where: { ...key, passkey: { isNot: null } } });
}

/** A changed password ends every session, also when there is none from now on. */
async function removePassword(tx: Transaction, key: UserKey): Promise<void> {
  await tx.authMethod.deleteMany({ where: { ...key, password: { isNot: null } } });
  await tx.projectUserRefreshToken.deleteMany({ where: key });
}

function changedColumns(change: UserChange): Prisma.ProjectUserUpdateInput {
  const data: Prisma.ProjectUserUpdateInput = changedRestriction(change);
  if (change.display_name !== undefined) data.displayName = change.display_name || null;
  if (change.profile_image_url !== undefined) data.profileImageUrl = change.profile_image_url;
  if (change.client_metadata !== undefined) data.clientMetadata = asJson(change.client_metadata);
  if (change.client_read_only_metadata !== undefined) data.clientReadOnlyMetadata = asJson(change.client_read_only_metadata);
  if (change.server_metadata !== undefined) data.serverMetadata = asJson(change.server_metadata);
  if (change.totp_secret_base64 !== undefined) {
    data.requiresTotpMfa = change.totp_secret_base64 !== null;
    data.totpLastStep = null;
    data.totpSecret = change.totp_secret_base64 === null ? null : readTotpSecret(change.totp_secret_base64);
  }
  if (change.country_code !== undefined) data.signUpCountryCode = change.country_code;
  if (change.risk_scores !== undefined) {
    data.signUpRiskScoreBot = change.risk_scores.sign_up.bot;
    data.signUpRiskScoreFreeTrialAbuse = change.risk_scores.sign_up.free_trial_abuse;
  }
  return data;
}

/** Lifting a restriction takes its reasons along; the schema lets nobody give reasons without one. */
function changedRestriction(change: UserChange): Prisma.ProjectUserUpdateInput {
  if (change.restricted_by_admin === false)
    return { restrictedByAdmin: false, restrictedByAdminReason: null, restrictedByAdminPrivateDetails: null };
  return {
    ...(change.restricted_by_admin === undefined ? {} : { restrictedByAdmin: true }),
    ...(change.restricted_by_admin_reason === undefined ? {} : { restrictedByAdminReason: change.restricted_by_admin_reason }),
    ...(change.restricted_by_admin_private_details === undefined
      ? {}
      : { restrictedByAdminPrivateDetails: change.restricted_by_admin_private_details }),
  };
}

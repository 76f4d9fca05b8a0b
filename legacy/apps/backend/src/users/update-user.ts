import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { asEmailTakenError, createEmail, createOtp, createPassword } from './create-user.ts';
import { normalizeEmail } from './email-address.ts';
import { findUser, type UserKey } from './find-user.ts';
import { asJson } from './json-column.ts';
import { assertPasswordAllowed, assertPasswordHashImportable, hashPassword } from './password.ts';
import type { UserRow } from './user.ts';

/** What may change of a user, in the wire's names; absent means unchanged. */
export type UserChange = {
  display_name?: string | null | undefined;
  profile_image_url?: string | null | undefined;
  client_metadata?: unknown;
  client_read_only_metadata?: unknown;
  server_metadata?: unknown;
  primary_email?: string | null | undefined;
  primary_email_verified?: boolean | undefined;
  primary_email_auth_enabled?: boolean | undefined;
  password?: string | null | undefined;
  password_hash?: string | undefined;
  otp_auth_enabled?: boolean | undefined;
  passkey_auth_enabled?: boolean | undefined;
  totp_secret_base64?: string | null | undefined;
  selected_team_id?: string | null | undefined;
  restricted_by_admin?: boolean | undefined;
  restricted_by_admin_reason?: string | null | undefined;
  restricted_by_admin_private_details?: string | null | undefined;
  country_code?: string | null | undefined;
  risk_scores?: { sign_up: { bot: number; free_trial_abuse: number } } | undefined;
};

/** Changes what is given, in one transaction that holds the user's row. Throws USER_NOT_FOUND, USER_EMAIL_ALREADY_EXISTS, password errors. */
export async function updateUser(key: UserKey, change: UserChange): Promise<UserRow> {
  const passwordHash = await readPasswordChange(change);
  try {
    return await database().$transaction(async (tx) => {
      await tx.$queryRaw`select 1 from "ProjectUser" where "tenancyId" = ${key.tenancyId}::uuid and "projectUserId" = ${key.projectUserId}::uuid for no key update`;
      const before = await findUser(key, tx);
      if (before === null) throw new KnownErrors.UserNotFound();
      await changeEmail(tx, key, before, change);
      if (passwordHash !== undefined) await changePassword(tx, key, before, passwordHash);
      if (change.otp_auth_enabled !== undefined) await changeOtp(tx, key, before, change.otp_auth_enabled);
      if (change.passkey_auth_enabled === false) await tx.authMethod.deleteMany({ where: { ...key, passkey: { isNot: null } } });
      if (change.selected_team_id !== undefined) await selectTeam(tx, key, change.selected_team_id);
      await tx.projectUser.update({ where: { tenancyId_projectUserId: key }, data: changedColumns(change) });
      const after = await findUser(key, tx);
      if (after === null) throw new KnownErrors.UserNotFound();
      return after;
    });
  } catch (error) {
    throw asEmailTakenError(error, change.primary_email ?? '');
  }
}

/** Undefined: unchanged. Null: no password from now on. */
async function readPasswordChange(change: UserChange): Promise<string | null | undefined> {
  if (change.password !== undefined) {
    if (change.password === null) return null;
    assertPasswordAllowed(change.password);
    return hashPassword(change.password);
  }
  if (change.password_hash === undefined) return undefined;
  assertPasswordHashImportable(change.password_hash);
  return change.password_hash;
}

async function changeEmail(tx: Transaction, key: UserKey, before: UserRow, change: UserChange): Promise<void> {
  const current = before.contactChannels[0];
  const value =
    change.primary_email === undefined || change.primary_email === null ? change.primary_email : normalizeEmail(change.primary_email);
  if (value === null) {
    if (current !== undefined) await tx.contactChannel.delete({ where: channelKey(key, current.id) });
    return;
  }
  if (value !== undefined && value !== current?.value) {
    if (current !== undefined) await tx.contactChannel.delete({ where: channelKey(key, current.id) });
    await tx.contactChannel.deleteMany({ where: { ...key, type: 'EMAIL', value } });
    const usedForAuth = change.primary_email_auth_enabled ?? current?.usedForAuth === 'TRUE';
    await createEmail(tx, key, { value, isVerified: change.primary_email_verified ?? false, usedForAuth });
    return;
  }
  if (change.primary_email_verified === undefined && change.primary_email_auth_enabled === undefined) return;
  if (current === undefined) throw new StatusError(400, 'The user has no primary email.');
  const data: Prisma.ContactChannelUpdateInput = {};
  if (change.primary_email_verified !== undefined) data.isVerified = change.primary_email_verified;
  if (change.primary_email_auth_enabled !== undefined) data.usedForAuth = change.primary_email_auth_enabled ? 'TRUE' : null;
  await tx.contactChannel.update({ where: channelKey(key, current.id), data });
}

/** A changed password ends every session. */
async function changePassword(tx: Transaction, key: UserKey, before: UserRow, passwordHash: string | null): Promise<void> {
  const current = before.passwords[0];
  if (current !== undefined)
    await tx.authMethod.delete({ where: { tenancyId_id: { tenancyId: key.tenancyId, id: current.authMethodId } } });
  if (passwordHash !== null) await createPassword(tx, key, passwordHash);
  await tx.projectUserRefreshToken.deleteMany({ where: key });
}

async function changeOtp(tx: Transaction, key: UserKey, before: UserRow, isEnabled: boolean): Promise<void> {
  const current = before.otps[0];
  if (isEnabled && current === undefined) await createOtp(tx, key);
  if (!isEnabled && current !== undefined)
    await tx.authMethod.delete({ where: { tenancyId_id: { tenancyId: key.tenancyId, id: current.authMethodId } } });
}

async function selectTeam(tx: Transaction, key: UserKey, teamId: string | null): Promise<void> {
  await tx.teamMember.updateMany({ where: { ...key, isSelected: 'TRUE' }, data: { isSelected: null } });
  if (teamId === null) return;
  const selected = await tx.teamMember.updateMany({ where: { ...key, teamId }, data: { isSelected: 'TRUE' } });
  if (selected.count === 0) throw new KnownErrors.TeamMembershipNotFound(teamId, key.projectUserId);
}

function changedColumns(change: UserChange): Prisma.ProjectUserUpdateInput {
  const data: Prisma.ProjectUserUpdateInput = {};
  if (change.display_name !== undefined) data.displayName = change.display_name || null;
  if (change.profile_image_url !== undefined) data.profileImageUrl = change.profile_image_url;
  if (change.client_metadata !== undefined) data.clientMetadata = asJson(change.client_metadata);
  if (change.client_read_only_metadata !== undefined) data.clientReadOnlyMetadata = asJson(change.client_read_only_metadata);
  if (change.server_metadata !== undefined) data.serverMetadata = asJson(change.server_metadata);
  if (change.totp_secret_base64 !== undefined) {
    data.requiresTotpMfa = change.totp_secret_base64 !== null;
    data.totpLastStep = null;
    data.totpSecret = change.totp_secret_base64 === null ? null : Buffer.from(change.totp_secret_base64, 'base64');
  }
  if (change.restricted_by_admin !== undefined) {
    data.restrictedByAdmin = change.restricted_by_admin;
    data.restrictedByAdminReason = change.restricted_by_admin_reason ?? null;
    data.restrictedByAdminPrivateDetails = change.restricted_by_admin_private_details ?? null;
  }
  if (change.country_code !== undefined) data.signUpCountryCode = change.country_code;
  if (change.risk_scores !== undefined) {
    data.signUpRiskScoreBot = change.risk_scores.sign_up.bot;
    data.signUpRiskScoreFreeTrialAbuse = change.risk_scores.sign_up.free_trial_abuse;
  }
  return data;
}

function channelKey(key: UserKey, id: string) {
  return { tenancyId_projectUserId_id: { ...key, id } };
}

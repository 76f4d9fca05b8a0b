import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database } from '../database.ts';
import { asAccountTakenError, type NewOAuthAccount } from '../oauth/oauth-account.ts';
import type { TeamOwner } from '../teams/create-team.ts';
import { asEmailTakenError, createUser, type NewUser } from './create-user.ts';
import { normalizeEmail } from './email-address.ts';
import { findUser } from './find-user.ts';
import { assertNoFlagWithoutEmail } from './primary-email.ts';
import { readPasswordChange } from './update-user.ts';
import type { UserRow } from './user.ts';
import { readTotpSecret, type UserChange } from './user-change.ts';

/** A user as a server describes it. */
export type UserCreation = Omit<UserChange, 'selected_team_id'> & {
  oauth_providers?: { id: string; account_id: string; email: string | null }[] | undefined;
};

/**
 * Makes the user a server asks for; nobody is signed in and no mail is sent. The creation is one that is allowed. Throws
 * USER_EMAIL_ALREADY_EXISTS, OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED, OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN, password errors.
 */
export async function createByServer(owner: TeamOwner, creation: UserCreation): Promise<UserRow> {
  const user = newUser(creation, (await readPasswordChange(creation)) ?? undefined);
  for (const { providerId } of user.oauthAccounts ?? [])
    if (!Object.hasOwn(owner.config.auth.oauth.providers, providerId)) throw new KnownErrors.OAuthProviderNotFoundOrNotEnabled();
  try {
    return await database().$transaction(async (tx) => {
      const projectUserId = await createUser(tx, owner, user);
      const row = await findUser({ tenancyId: owner.tenancyId, projectUserId }, tx);
      if (row === null) throw new Error('the user just made is gone');
      return row;
    });
  } catch (error) {
    throw asAccountTakenError(asEmailTakenError(error, user.email?.value ?? ''));
  }
}

function newUser(creation: UserCreation, passwordHash: string | undefined): NewUser {
  return {
    displayName: creation.display_name,
    profileImageUrl: creation.profile_image_url,
    clientMetadata: creation.client_metadata,
    clientReadOnlyMetadata: creation.client_read_only_metadata,
    serverMetadata: creation.server_metadata,
    email: newEmail(creation),
    passwordHash,
    otpAuthEnabled: creation.otp_auth_enabled,
    totpSecret: typeof creation.totp_secret_base64 === 'string' ? readTotpSecret(creation.totp_secret_base64) : undefined,
    oauthAccounts: creation.oauth_providers?.map(newAccount),
    isAnonymous: creation.is_anonymous,
    restricted:
      creation.restricted_by_admin === true
        ? { reason: creation.restricted_by_admin_reason ?? null, privateDetails: creation.restricted_by_admin_private_details ?? null }
        : undefined,
    countryCode: creation.country_code,
    riskScores:
      creation.risk_scores === undefined
        ? undefined
        : { bot: creation.risk_scores.sign_up.bot, freeTrialAbuse: creation.risk_scores.sign_up.free_trial_abuse },
  };
}

function newEmail(creation: UserCreation): NewUser['email'] {
  const flags = { isVerified: creation.primary_email_verified ?? false, usedForAuth: creation.primary_email_auth_enabled ?? false };
  if (creation.primary_email) return { value: normalizeEmail(creation.primary_email), ...flags };
  assertNoFlagWithoutEmail(flags);
  return undefined;
}

function newAccount(provider: { id: string; account_id: string; email: string | null }): NewOAuthAccount {
  return {
    providerId: provider.id,
    accountId: provider.account_id,
    email: provider.email,
    allowSignIn: true,
    allowConnectedAccounts: true,
  };
}

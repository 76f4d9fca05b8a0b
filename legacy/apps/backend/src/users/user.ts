import type { Prisma } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { clientTeam, serverTeam } from '../teams/team.ts';
import { type RestrictedReason, restrictedReason } from './restriction.ts';

/** Everything of a user that reading it or minting its tokens needs, in one statement (with `relationLoadStrategy: 'join'`). */
export const userInclude = {
  contactChannels: { where: { isPrimary: 'TRUE' as const } },
  passwords: { select: { authMethodId: true } },
  otps: { select: { authMethodId: true } },
  passkeys: { select: { authMethodId: true } },
  oauthAccounts: {
    select: { id: true, configOAuthProviderId: true, providerAccountId: true, email: true },
    orderBy: { createdAt: 'asc' as const },
  },
  teamMembers: { where: { isSelected: 'TRUE' as const }, include: { team: true } },
} satisfies Prisma.ProjectUserInclude;

export type UserRow = Prisma.ProjectUserGetPayload<{ include: typeof userInclude }>;

/** The user as servers and admins see it. */
export function serverUser(row: UserRow, config: ProjectConfig) {
  const email = row.contactChannels[0];
  const team = row.teamMembers[0]?.team;
  const reason = userRestriction(row, config);
  const hasPassword = row.passwords.length > 0;
  const otpAuthEnabled = row.otps.length > 0;
  return {
    id: row.projectUserId,
    display_name: row.displayName || null,
    primary_email: email?.value ?? null,
    primary_email_verified: email?.isVerified ?? false,
    primary_email_auth_enabled: email?.usedForAuth === 'TRUE',
    profile_image_url: row.profileImageUrl,
    signed_up_at_millis: row.signedUpAt.getTime(),
    client_metadata: row.clientMetadata,
    client_read_only_metadata: row.clientReadOnlyMetadata,
    server_metadata: row.serverMetadata,
    has_password: hasPassword,
    otp_auth_enabled: otpAuthEnabled,
    auth_with_email: hasPassword || otpAuthEnabled,
    requires_totp_mfa: row.requiresTotpMfa,
    passkey_auth_enabled: row.passkeys.length > 0,
    oauth_providers: row.oauthAccounts.map((account) => ({
      id: account.configOAuthProviderId,
      account_id: account.providerAccountId,
      email: account.email,
    })),
    selected_team_id: team?.teamId ?? null,
    selected_team: team === undefined ? null : serverTeam(team),
    last_active_at_millis: row.lastActiveAt.getTime(),
    is_anonymous: row.isAnonymous,
    is_restricted: reason !== null,
    restricted_reason: reason,
    restricted_by_admin: row.restrictedByAdmin,
    restricted_by_admin_reason: row.restrictedByAdminReason,
    restricted_by_admin_private_details: row.restrictedByAdminPrivateDetails,
    country_code: row.signUpCountryCode,
    risk_scores: { sign_up: { bot: row.signUpRiskScoreBot, free_trial_abuse: row.signUpRiskScoreFreeTrialAbuse } },
  };
}

/** The user as it may see itself. */
export function clientUser(row: UserRow, config: ProjectConfig) {
  const {
    primary_email_auth_enabled: _auth,
    server_metadata: _metadata,
    last_active_at_millis: _active,
    restricted_by_admin_private_details: _details,
    country_code: _country,
    risk_scores: _scores,
    selected_team: _team,
    ...visible
  } = serverUser(row, config);
  const team = row.teamMembers[0]?.team;
  return { ...visible, selected_team: team === undefined ? null : clientTeam(team) };
}

export function userRestriction(row: UserRow, config: ProjectConfig): RestrictedReason | null {
  return restrictedReason({
    isAnonymous: row.isAnonymous,
    restrictedByAdmin: row.restrictedByAdmin,
    primaryEmailVerified: row.contactChannels[0]?.isVerified ?? false,
    requireEmailVerification: config.onboarding.requireEmailVerification,
  });
}

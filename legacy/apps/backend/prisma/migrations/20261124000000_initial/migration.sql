create type "BooleanTrue" as enum ('TRUE');
create type "ContactChannelType" as enum ('EMAIL');
create type "VerificationCodeType" as enum ('ONE_TIME_PASSWORD', 'PASSWORD_RESET', 'CONTACT_CHANNEL_VERIFICATION', 'TEAM_INVITATION', 'MFA_ATTEMPT');

-- Platform

create table "Project" (
  "id" text not null,
  "displayName" text not null,
  "description" text not null default '',
  "isProductionMode" boolean not null default false,
  "ownerTeamId" uuid,
  "config" jsonb not null default '{}',
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "Project_pkey" primary key ("id")
);
create index "Project_ownerTeamId_idx" on "Project" ("ownerTeamId");

create table "Tenancy" (
  "id" uuid not null,
  "projectId" text not null,
  "branchId" text not null default 'main',
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "Tenancy_pkey" primary key ("id"),
  constraint "Tenancy_projectId_fkey" foreign key ("projectId") references "Project" ("id") on delete cascade on update cascade
);
create unique index "Tenancy_projectId_branchId_key" on "Tenancy" ("projectId", "branchId");

create table "ApiKeySet" (
  "projectId" text not null,
  "id" uuid not null,
  "description" text not null,
  "expiresAt" timestamptz(3) not null,
  "manuallyRevokedAt" timestamptz(3),
  "publishableClientKey" text,
  "secretServerKey" text,
  "superSecretAdminKey" text,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "ApiKeySet_pkey" primary key ("projectId", "id"),
  constraint "ApiKeySet_projectId_fkey" foreign key ("projectId") references "Project" ("id") on delete cascade on update cascade
);
create unique index "ApiKeySet_publishableClientKey_key" on "ApiKeySet" ("publishableClientKey");
create unique index "ApiKeySet_secretServerKey_key" on "ApiKeySet" ("secretServerKey");
create unique index "ApiKeySet_superSecretAdminKey_key" on "ApiKeySet" ("superSecretAdminKey");

-- Users

create table "ProjectUser" (
  "tenancyId" uuid not null,
  "projectUserId" uuid not null,
  "displayName" text,
  "profileImageUrl" text,
  "clientMetadata" jsonb,
  "clientReadOnlyMetadata" jsonb,
  "serverMetadata" jsonb,
  "requiresTotpMfa" boolean not null default false,
  "totpSecret" bytea,
  "isAnonymous" boolean not null default false,
  "restrictedByAdmin" boolean not null default false,
  "restrictedByAdminReason" text,
  "restrictedByAdminPrivateDetails" text,
  "signUpCountryCode" text,
  "signUpRiskScoreBot" integer not null default 0,
  "signUpRiskScoreFreeTrialAbuse" integer not null default 0,
  "signedUpAt" timestamptz(3) not null default current_timestamp,
  "lastActiveAt" timestamptz(3) not null default current_timestamp,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectUser_pkey" primary key ("tenancyId", "projectUserId"),
  constraint "ProjectUser_tenancyId_fkey" foreign key ("tenancyId") references "Tenancy" ("id") on delete cascade on update cascade
);
create index "ProjectUser_tenancyId_signedUpAt_projectUserId_idx" on "ProjectUser" ("tenancyId", "signedUpAt", "projectUserId");

create table "ContactChannel" (
  "tenancyId" uuid not null,
  "projectUserId" uuid not null,
  "id" uuid not null,
  "type" "ContactChannelType" not null,
  "value" text not null,
  "isPrimary" "BooleanTrue",
  "isVerified" boolean not null default false,
  "usedForAuth" "BooleanTrue",
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "ContactChannel_pkey" primary key ("tenancyId", "projectUserId", "id"),
  constraint "ContactChannel_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create unique index "ContactChannel_tenancyId_projectUserId_type_isPrimary_key" on "ContactChannel" ("tenancyId", "projectUserId", "type", "isPrimary");
create unique index "ContactChannel_tenancyId_projectUserId_type_value_key" on "ContactChannel" ("tenancyId", "projectUserId", "type", "value");
create unique index "ContactChannel_tenancyId_type_value_usedForAuth_key" on "ContactChannel" ("tenancyId", "type", "value", "usedForAuth");

-- Ways to sign in, and sessions

create table "AuthMethod" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "projectUserId" uuid not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "AuthMethod_pkey" primary key ("tenancyId", "id"),
  constraint "AuthMethod_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create index "AuthMethod_tenancyId_projectUserId_idx" on "AuthMethod" ("tenancyId", "projectUserId");

create table "PasswordAuthMethod" (
  "tenancyId" uuid not null,
  "authMethodId" uuid not null,
  "projectUserId" uuid not null,
  "passwordHash" text not null,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "PasswordAuthMethod_pkey" primary key ("tenancyId", "authMethodId"),
  constraint "PasswordAuthMethod_tenancyId_authMethodId_fkey" foreign key ("tenancyId", "authMethodId")
    references "AuthMethod" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "PasswordAuthMethod_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create unique index "PasswordAuthMethod_tenancyId_projectUserId_key" on "PasswordAuthMethod" ("tenancyId", "projectUserId");

create table "OtpAuthMethod" (
  "tenancyId" uuid not null,
  "authMethodId" uuid not null,
  "projectUserId" uuid not null,
  constraint "OtpAuthMethod_pkey" primary key ("tenancyId", "authMethodId"),
  constraint "OtpAuthMethod_tenancyId_authMethodId_fkey" foreign key ("tenancyId", "authMethodId")
    references "AuthMethod" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "OtpAuthMethod_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create unique index "OtpAuthMethod_tenancyId_projectUserId_key" on "OtpAuthMethod" ("tenancyId", "projectUserId");

create table "ProjectUserRefreshToken" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "projectUserId" uuid not null,
  "refreshToken" text not null,
  "expiresAt" timestamptz(3),
  "isImpersonation" boolean not null default false,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "lastActiveAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectUserRefreshToken_pkey" primary key ("tenancyId", "id"),
  constraint "ProjectUserRefreshToken_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create unique index "ProjectUserRefreshToken_refreshToken_key" on "ProjectUserRefreshToken" ("refreshToken");
create index "ProjectUserRefreshToken_tenancyId_projectUserId_idx" on "ProjectUserRefreshToken" ("tenancyId", "projectUserId");

create table "VerificationCode" (
  "projectId" text not null,
  "branchId" text not null,
  "id" uuid not null,
  "type" "VerificationCodeType" not null,
  "code" text not null,
  "expiresAt" timestamptz(3) not null,
  "usedAt" timestamptz(3),
  "redirectUrl" text,
  "method" jsonb not null default 'null',
  "data" jsonb not null default '{}',
  "attemptCount" integer not null default 0,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "VerificationCode_pkey" primary key ("projectId", "branchId", "id")
);
create unique index "VerificationCode_projectId_branchId_code_key" on "VerificationCode" ("projectId", "branchId", "code");

-- Teams

create table "Team" (
  "tenancyId" uuid not null,
  "teamId" uuid not null,
  "displayName" text not null,
  "profileImageUrl" text,
  "clientMetadata" jsonb,
  "clientReadOnlyMetadata" jsonb,
  "serverMetadata" jsonb,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "Team_pkey" primary key ("tenancyId", "teamId"),
  constraint "Team_tenancyId_fkey" foreign key ("tenancyId") references "Tenancy" ("id") on delete cascade on update cascade
);

create table "TeamMember" (
  "tenancyId" uuid not null,
  "projectUserId" uuid not null,
  "teamId" uuid not null,
  "isSelected" "BooleanTrue",
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "TeamMember_pkey" primary key ("tenancyId", "projectUserId", "teamId"),
  constraint "TeamMember_tenancyId_teamId_fkey" foreign key ("tenancyId", "teamId")
    references "Team" ("tenancyId", "teamId") on delete cascade on update cascade,
  constraint "TeamMember_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create unique index "TeamMember_tenancyId_projectUserId_isSelected_key" on "TeamMember" ("tenancyId", "projectUserId", "isSelected");
create index "TeamMember_tenancyId_teamId_idx" on "TeamMember" ("tenancyId", "teamId");

-- Notifications

create table "EmailOutbox" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  "recipient" jsonb not null,
  "source" text not null,
  "themeId" text,
  "variables" jsonb not null default '{}',
  "createdWith" text not null default 'programmatic-call',
  "templateId" text,
  "subject" text,
  "html" text,
  "text" text,
  "isTransactional" boolean not null,
  "isHighPriority" boolean not null,
  "notificationCategoryId" uuid,
  "scheduledAt" timestamptz(3) not null,
  "isPaused" boolean not null default false,
  "cancelledAt" timestamptz(3),
  "renderedAt" timestamptz(3),
  "startedSendingAt" timestamptz(3),
  "finishedSendingAt" timestamptz(3),
  "sendRetries" integer not null default 0,
  "nextSendRetryAt" timestamptz(3),
  "sendErrors" jsonb,
  "skippedReason" text,
  "skippedDetails" jsonb,
  "outcome" text,
  constraint "EmailOutbox_pkey" primary key ("tenancyId", "id"),
  constraint "EmailOutbox_tenancyId_fkey" foreign key ("tenancyId") references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "EmailOutbox_outcome_check" check ("outcome" in ('sent', 'server-error', 'skipped', 'unknown', 'cancelled')),
  constraint "EmailOutbox_size_check" check (
    octet_length("source") + coalesce(octet_length("html"), 0) + coalesce(octet_length("text"), 0) <= 1048576
  )
);
create index "EmailOutbox_tenancyId_createdAt_id_idx" on "EmailOutbox" ("tenancyId", "createdAt", "id");
-- What the mail worker looks for: mails that still have to go.
create index "EmailOutbox_due_idx" on "EmailOutbox" ("isHighPriority" desc, "scheduledAt", "id")
  where "outcome" is null and "cancelledAt" is null and not "isPaused";

create table "UserNotificationPreference" (
  "tenancyId" uuid not null,
  "projectUserId" uuid not null,
  "notificationCategoryId" uuid not null,
  "enabled" boolean not null,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "UserNotificationPreference_pkey" primary key ("tenancyId", "projectUserId", "notificationCategoryId"),
  constraint "UserNotificationPreference_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);

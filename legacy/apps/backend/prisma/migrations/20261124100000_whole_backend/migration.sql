-- What the whole backend needs beside users, passwords, sessions, teams and mails.

alter type "VerificationCodeType" add value 'PASSKEY_REGISTRATION_CHALLENGE';
alter type "VerificationCodeType" add value 'PASSKEY_AUTHENTICATION_CHALLENGE';

alter table "Project"
  add column "onboardingStatus" text not null default 'completed',
  add column "onboardingState" jsonb,
  add column "isDevelopmentEnvironment" boolean not null default false,
  add column "logoUrl" text,
  add column "logoFullUrl" text,
  add column "logoDarkModeUrl" text,
  add column "logoFullDarkModeUrl" text;
alter table "ProjectUser" add column "totpLastStep" integer;
alter table "ProjectUserRefreshToken" add column "lastActiveAtIpInfo" jsonb;
alter table "TeamMember" add column "displayName" text, add column "profileImageUrl" text;
create index "Team_tenancyId_createdAt_teamId_idx" on "Team" ("tenancyId", "createdAt", "teamId");
-- Guesses are counted by what follows the six characters a person types.
create index "VerificationCode_nonce_idx" on "VerificationCode" ("projectId", "branchId", right("code", 39));

-- Open invitations, by team and by address.
create index "VerificationCode_invitation_team_idx" on "VerificationCode" ("projectId", "branchId", ("data" ->> 'team_id'))
  where "type" = 'TEAM_INVITATION';
create index "VerificationCode_invitation_email_idx" on "VerificationCode" ("projectId", "branchId", ("method" ->> 'email'))
  where "type" = 'TEAM_INVITATION';

create table "BranchConfigOverride" (
  "projectId" text not null,
  "branchId" text not null,
  "config" jsonb not null default '{}',
  "source" jsonb,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "BranchConfigOverride_projectId_fkey" foreign key ("projectId")
    references "Project" ("id") on delete cascade on update cascade,
  constraint "BranchConfigOverride_pkey" primary key ("projectId", "branchId")
);

create table "EnvironmentConfigOverride" (
  "projectId" text not null,
  "branchId" text not null,
  "config" jsonb not null default '{}',
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "EnvironmentConfigOverride_projectId_fkey" foreign key ("projectId")
    references "Project" ("id") on delete cascade on update cascade,
  constraint "EnvironmentConfigOverride_pkey" primary key ("projectId", "branchId")
);

create table "PasskeyAuthMethod" (
  "tenancyId" uuid not null,
  "authMethodId" uuid not null,
  "projectUserId" uuid not null,
  "credentialId" text not null,
  "publicKey" text not null,
  "userHandle" text not null,
  "transports" text[],
  "credentialDeviceType" text not null,
  "counter" bigint not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "PasskeyAuthMethod_tenancyId_authMethodId_fkey" foreign key ("tenancyId", "authMethodId")
    references "AuthMethod" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "PasskeyAuthMethod_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade,
  constraint "PasskeyAuthMethod_pkey" primary key ("tenancyId", "authMethodId")
);
create unique index "PasskeyAuthMethod_tenancyId_projectUserId_key" on "PasskeyAuthMethod" ("tenancyId", "projectUserId");
create unique index "PasskeyAuthMethod_tenancyId_credentialId_key" on "PasskeyAuthMethod" ("tenancyId", "credentialId");

create table "OAuthAuthMethod" (
  "tenancyId" uuid not null,
  "authMethodId" uuid not null,
  "projectUserId" uuid not null,
  "configOAuthProviderId" text not null,
  "providerAccountId" text not null,
  constraint "OAuthAuthMethod_tenancyId_authMethodId_fkey" foreign key ("tenancyId", "authMethodId")
    references "AuthMethod" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "OAuthAuthMethod_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade,
  constraint "OAuthAuthMethod_pkey" primary key ("tenancyId", "authMethodId")
);
create unique index "OAuthAuthMethod_tenancyId_configOAuthProviderId_providerAcc_key" on "OAuthAuthMethod" ("tenancyId", "configOAuthProviderId", "providerAccountId");
create index "OAuthAuthMethod_tenancyId_projectUserId_idx" on "OAuthAuthMethod" ("tenancyId", "projectUserId");

create table "ProjectUserOAuthAccount" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "projectUserId" uuid,
  "configOAuthProviderId" text not null,
  "providerAccountId" text not null,
  "email" text,
  "allowSignIn" boolean not null default true,
  "allowConnectedAccounts" boolean not null default true,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectUserOAuthAccount_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "ProjectUserOAuthAccount_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade,
  constraint "ProjectUserOAuthAccount_pkey" primary key ("tenancyId", "id")
);
create unique index "ProjectUserOAuthAccount_tenancyId_projectUserId_configOAuth_key" on "ProjectUserOAuthAccount" ("tenancyId", "projectUserId", "configOAuthProviderId", "providerAccountId");
create index "ProjectUserOAuthAccount_tenancyId_configOAuthProviderId_pro_idx" on "ProjectUserOAuthAccount" ("tenancyId", "configOAuthProviderId", "providerAccountId");

create table "OAuthToken" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "oauthAccountId" uuid not null,
  "refreshToken" text not null,
  "scopes" text[],
  "isValid" boolean not null default true,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "OAuthToken_tenancyId_oauthAccountId_fkey" foreign key ("tenancyId", "oauthAccountId")
    references "ProjectUserOAuthAccount" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "OAuthToken_pkey" primary key ("tenancyId", "id")
);
create index "OAuthToken_tenancyId_oauthAccountId_idx" on "OAuthToken" ("tenancyId", "oauthAccountId");

create table "OAuthAccessToken" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "oauthAccountId" uuid not null,
  "accessToken" text not null,
  "scopes" text[],
  "expiresAt" timestamptz(3) not null,
  "isValid" boolean not null default true,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "OAuthAccessToken_tenancyId_oauthAccountId_fkey" foreign key ("tenancyId", "oauthAccountId")
    references "ProjectUserOAuthAccount" ("tenancyId", "id") on delete cascade on update cascade,
  constraint "OAuthAccessToken_pkey" primary key ("tenancyId", "id")
);
create index "OAuthAccessToken_tenancyId_oauthAccountId_idx" on "OAuthAccessToken" ("tenancyId", "oauthAccountId");

create table "OAuthOuterInfo" (
  "id" uuid not null,
  "innerState" text not null,
  "info" jsonb not null,
  "expiresAt" timestamptz(3) not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "OAuthOuterInfo_pkey" primary key ("id")
);
create unique index "OAuthOuterInfo_innerState_key" on "OAuthOuterInfo" ("innerState");
create index "OAuthOuterInfo_expiresAt_idx" on "OAuthOuterInfo" ("expiresAt");

create table "ProjectUserAuthorizationCode" (
  "tenancyId" uuid not null,
  "authorizationCode" text not null,
  "projectUserId" uuid not null,
  "redirectUri" text not null,
  "codeChallenge" text not null,
  "codeChallengeMethod" text not null,
  "newUser" boolean not null,
  "afterCallbackRedirectUrl" text,
  "grantedRefreshTokenId" uuid,
  "expiresAt" timestamptz(3) not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectUserAuthorizationCode_pkey" primary key ("authorizationCode"),
  constraint "ProjectUserAuthorizationCode_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade
);
create index "ProjectUserAuthorizationCode_tenancyId_projectUserId_idx" on "ProjectUserAuthorizationCode" ("tenancyId", "projectUserId");
create index "ProjectUserAuthorizationCode_expiresAt_idx" on "ProjectUserAuthorizationCode" ("expiresAt");

create table "CliAuthAttempt" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "pollingCode" text not null,
  "loginCode" text not null,
  "refreshToken" text,
  "anonRefreshToken" text,
  "expiresAt" timestamptz(3) not null,
  "usedAt" timestamptz(3),
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "CliAuthAttempt_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "CliAuthAttempt_pkey" primary key ("tenancyId", "id")
);
create unique index "CliAuthAttempt_pollingCode_key" on "CliAuthAttempt" ("pollingCode");
create unique index "CliAuthAttempt_loginCode_key" on "CliAuthAttempt" ("loginCode");
create index "CliAuthAttempt_expiresAt_idx" on "CliAuthAttempt" ("expiresAt");

create table "TeamMemberDirectPermission" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "projectUserId" uuid not null,
  "teamId" uuid not null,
  "permissionId" text not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "TeamMemberDirectPermission_tenancyId_projectUserId_teamId_fkey" foreign key ("tenancyId", "projectUserId", "teamId")
    references "TeamMember" ("tenancyId", "projectUserId", "teamId") on delete cascade on update cascade,
  constraint "TeamMemberDirectPermission_pkey" primary key ("tenancyId", "id")
);
create unique index "TeamMemberDirectPermission_tenancyId_projectUserId_teamId_p_key" on "TeamMemberDirectPermission" ("tenancyId", "projectUserId", "teamId", "permissionId");
create index "TeamMemberDirectPermission_tenancyId_permissionId_idx" on "TeamMemberDirectPermission" ("tenancyId", "permissionId");

create table "ProjectUserDirectPermission" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "projectUserId" uuid not null,
  "permissionId" text not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectUserDirectPermission_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade,
  constraint "ProjectUserDirectPermission_pkey" primary key ("tenancyId", "id")
);
create unique index "ProjectUserDirectPermission_tenancyId_projectUserId_permiss_key" on "ProjectUserDirectPermission" ("tenancyId", "projectUserId", "permissionId");
create index "ProjectUserDirectPermission_tenancyId_permissionId_idx" on "ProjectUserDirectPermission" ("tenancyId", "permissionId");

create table "ProjectApiKey" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "secretApiKey" text not null,
  "lastFour" text not null,
  "description" text not null,
  "isPublic" boolean not null default false,
  "expiresAt" timestamptz(3),
  "manuallyRevokedAt" timestamptz(3),
  "projectUserId" uuid,
  "teamId" uuid,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "ProjectApiKey_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "ProjectApiKey_tenancyId_projectUserId_fkey" foreign key ("tenancyId", "projectUserId")
    references "ProjectUser" ("tenancyId", "projectUserId") on delete cascade on update cascade,
  constraint "ProjectApiKey_tenancyId_teamId_fkey" foreign key ("tenancyId", "teamId")
    references "Team" ("tenancyId", "teamId") on delete cascade on update cascade,
  constraint "ProjectApiKey_pkey" primary key ("tenancyId", "id")
);
create unique index "ProjectApiKey_secretApiKey_key" on "ProjectApiKey" ("secretApiKey");
create index "ProjectApiKey_tenancyId_projectUserId_idx" on "ProjectApiKey" ("tenancyId", "projectUserId");
create index "ProjectApiKey_tenancyId_teamId_idx" on "ProjectApiKey" ("tenancyId", "teamId");

create table "DataVaultEntry" (
  "tenancyId" uuid not null,
  "storeId" text not null,
  "hashedKey" text not null,
  "encrypted" jsonb not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "DataVaultEntry_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "DataVaultEntry_pkey" primary key ("tenancyId", "storeId", "hashedKey")
);

create table "WebhookEndpoint" (
  "projectId" text not null,
  "id" text not null,
  "url" text not null,
  "description" text not null default '',
  "secret" text not null,
  "filterTypes" text[],
  "disabled" boolean not null default false,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "WebhookEndpoint_projectId_fkey" foreign key ("projectId")
    references "Project" ("id") on delete cascade on update cascade,
  constraint "WebhookEndpoint_pkey" primary key ("projectId", "id")
);

create table "WebhookMessage" (
  "projectId" text not null,
  "id" text not null,
  "eventType" text not null,
  "payload" jsonb not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  "fannedOutAt" timestamptz(3),
  constraint "WebhookMessage_projectId_fkey" foreign key ("projectId")
    references "Project" ("id") on delete cascade on update cascade,
  constraint "WebhookMessage_pkey" primary key ("projectId", "id")
);
create index "WebhookMessage_projectId_createdAt_id_idx" on "WebhookMessage" ("projectId", "createdAt", "id");

create table "WebhookDelivery" (
  "projectId" text not null,
  "messageId" text not null,
  "endpointId" text not null,
  "status" text not null,
  "attemptCount" integer not null default 0,
  "nextAttemptAt" timestamptz(3),
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "WebhookDelivery_projectId_messageId_fkey" foreign key ("projectId", "messageId")
    references "WebhookMessage" ("projectId", "id") on delete cascade on update cascade,
  constraint "WebhookDelivery_projectId_endpointId_fkey" foreign key ("projectId", "endpointId")
    references "WebhookEndpoint" ("projectId", "id") on delete cascade on update cascade,
  constraint "WebhookDelivery_pkey" primary key ("projectId", "messageId", "endpointId")
);
create index "WebhookDelivery_projectId_endpointId_idx" on "WebhookDelivery" ("projectId", "endpointId");

create table "WebhookAttempt" (
  "projectId" text not null,
  "id" text not null,
  "messageId" text not null,
  "endpointId" text not null,
  "status" text not null,
  "responseStatusCode" integer not null,
  "response" text not null,
  "durationMs" integer not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "WebhookAttempt_projectId_messageId_endpointId_fkey" foreign key ("projectId", "messageId", "endpointId")
    references "WebhookDelivery" ("projectId", "messageId", "endpointId") on delete cascade on update cascade,
  constraint "WebhookAttempt_pkey" primary key ("projectId", "id")
);
create index "WebhookAttempt_projectId_endpointId_createdAt_idx" on "WebhookAttempt" ("projectId", "endpointId", "createdAt");

create table "Event" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "systemEventTypeIds" text[],
  "data" jsonb not null,
  "isWide" boolean not null default false,
  "eventStartedAt" timestamptz(3) not null,
  "eventEndedAt" timestamptz(3) not null,
  "endUserIpInfo" jsonb,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "Event_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "Event_pkey" primary key ("tenancyId", "id")
);
create index "Event_tenancyId_eventStartedAt_idx" on "Event" ("tenancyId", "eventStartedAt");

create table "EventBatch" (
  "tenancyId" uuid not null,
  "batchId" uuid not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "EventBatch_pkey" primary key ("tenancyId", "batchId")
);

alter table "Tenancy" add column "emailCapacityBoostExpiresAt" timestamptz(3);

create table "EmailDraft" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "displayName" text not null,
  "themeId" text,
  "themeMode" text not null default 'project-default',
  "source" text not null,
  "templateVariables" jsonb not null default '{}',
  "sentAt" timestamptz(3),
  "createdAt" timestamptz(3) not null default current_timestamp,
  "updatedAt" timestamptz(3) not null default current_timestamp,
  constraint "EmailDraft_tenancyId_fkey" foreign key ("tenancyId")
    references "Tenancy" ("id") on delete cascade on update cascade,
  constraint "EmailDraft_pkey" primary key ("tenancyId", "id")
);

-- One account of a provider signs in one user only.
create unique index "ProjectUserOAuthAccount_signIn_key"
  on "ProjectUserOAuthAccount" ("tenancyId", "configOAuthProviderId", "providerAccountId") where "allowSignIn";
alter table "ProjectApiKey" add constraint "ProjectApiKey_owner_check" check (("projectUserId" is null) <> ("teamId" is null));
-- Old messages are found by their age, and their attempts by the delivery they go with.
create index "WebhookMessage_createdAt_idx" on "WebhookMessage" ("createdAt");
create index "WebhookAttempt_projectId_messageId_endpointId_idx" on "WebhookAttempt" ("projectId", "messageId", "endpointId");
-- What the webhook worker looks for.
create index "WebhookMessage_new_idx" on "WebhookMessage" ("createdAt", "id") where "fannedOutAt" is null;
create index "WebhookDelivery_due_idx" on "WebhookDelivery" ("nextAttemptAt") where "status" = 'pending';
alter table "WebhookDelivery" add constraint "WebhookDelivery_status_check" check ("status" in ('pending', 'success', 'failed'));
alter table "WebhookAttempt" add constraint "WebhookAttempt_status_check" check ("status" in ('success', 'failed'));
create index "ProjectUser_tenancyId_lastActiveAt_projectUserId_idx" on "ProjectUser" ("tenancyId", "lastActiveAt", "projectUserId");
-- The codes that are deleted with the user they name.
create index "VerificationCode_user_idx" on "VerificationCode" ("projectId", "branchId", ("data" ->> 'user_id'));

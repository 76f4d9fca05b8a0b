import { DEFAULT_EMAIL_THEME_ID } from '@stackframe/stack-shared/dist/helpers/emails';
import type { Project } from '../generated/prisma/client.ts';
import type { MailServerConfig, OAuthProviderConfig, ProjectConfig } from './project-config.ts';

const defaultHandlerPath = '/handler';

/** The project as its clients see it. */
export function clientProject(project: { id: string; displayName: string; config: ProjectConfig }) {
  return { id: project.id, display_name: project.displayName, config: clientConfig(project.config) };
}

/** The project as its owners see it, secrets of its providers and of its mail server included. */
export function adminProject(row: Project, config: ProjectConfig) {
  return {
    id: row.id,
    display_name: row.displayName,
    description: row.description,
    logo_url: row.logoUrl,
    logo_full_url: row.logoFullUrl,
    logo_dark_mode_url: row.logoDarkModeUrl,
    logo_full_dark_mode_url: row.logoFullDarkModeUrl,
    created_at_millis: row.createdAt.getTime(),
    is_production_mode: row.isProductionMode,
    is_development_environment: row.isDevelopmentEnvironment,
    owner_team_id: row.ownerTeamId,
    onboarding_status: row.onboardingStatus,
    onboarding_state: row.onboardingState,
    config: { ...clientConfig(config), ...ownersConfig(config) },
  };
}

function clientConfig(config: ProjectConfig) {
  return {
    sign_up_enabled: config.auth.allowSignUp,
    credential_enabled: config.auth.password.allowSignIn,
    magic_link_enabled: config.auth.otp.allowSignIn,
    passkey_enabled: config.auth.passkey.allowSignIn,
    client_team_creation_enabled: config.teams.allowClientTeamCreation,
    client_user_deletion_enabled: config.users.allowClientUserDeletion,
    allow_localhost: config.domains.allowLocalhost,
    allow_user_api_keys: config.apiKeys.enabled.user,
    allow_team_api_keys: config.apiKeys.enabled.team,
    enabled_oauth_providers: signInProviders(config).map(([, type]) => ({ id: type })),
    domains: Object.values(config.domains.trustedDomains).flatMap(({ baseUrl, handlerPath }) =>
      baseUrl === undefined ? [] : [{ domain: baseUrl, handler_path: handlerPath ?? defaultHandlerPath }],
    ),
  };
}

function ownersConfig(config: ProjectConfig) {
  const { defaultPermissions } = config.rbac;
  return {
    oauth_providers: signInProviders(config).map(([id, type, provider]) => ownersProvider(id, type, provider)),
    email_config: ownersMailServer(config.emails.server),
    email_theme: config.emails.selectedThemeId ?? DEFAULT_EMAIL_THEME_ID,
    create_team_on_sign_up: config.teams.createPersonalTeamOnSignUp,
    team_creator_default_permissions: permissionList(defaultPermissions.teamCreator),
    team_member_default_permissions: permissionList(defaultPermissions.teamMember),
    user_default_permissions: permissionList(defaultPermissions.signUp),
    oauth_account_merge_strategy: config.auth.oauth.accountMergeStrategy,
  };
}

/** Providers one can sign in with, by id: id, type, settings. */
function signInProviders(config: ProjectConfig): [string, string, OAuthProviderConfig][] {
  return Object.entries(config.auth.oauth.providers)
    .flatMap(([id, provider]): [string, string, OAuthProviderConfig][] =>
      provider.type === undefined || provider.allowSignIn !== true ? [] : [[id, provider.type, provider]],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function ownersProvider(id: string, type: string, provider: OAuthProviderConfig) {
  const bundles = provider.appleBundles === undefined ? undefined : Object.values(provider.appleBundles);
  return {
    provider_config_id: id,
    id: type,
    type: provider.isShared === false ? 'standard' : 'shared',
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    facebook_config_id: provider.facebookConfigId,
    microsoft_tenant_id: provider.microsoftTenantId,
    apple_bundle_ids: bundles?.flatMap((bundle) => bundle?.bundleId ?? []),
  };
}

function ownersMailServer(server: MailServerConfig) {
  if (server.isShared) return { type: 'shared' };
  return {
    type: 'standard',
    host: server.host,
    port: server.port,
    username: server.username,
    password: server.password,
    sender_name: server.senderName,
    sender_email: server.senderEmail,
  };
}

function permissionList(grants: Record<string, boolean | undefined>): { id: string }[] {
  return Object.keys(grants)
    .filter((id) => grants[id] === true)
    .sort()
    .map((id) => ({ id }));
}

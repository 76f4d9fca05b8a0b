import type { Project } from '../generated/prisma/client.ts';
import type { ProjectConfig } from './project-config.ts';

/** The project as its clients see it. */
export function clientProject(project: { id: string; displayName: string; config: ProjectConfig }) {
  return { id: project.id, display_name: project.displayName, config: clientConfig(project.config) };
}

/** The project as its owners see it. */
export function adminProject(row: Project, config: ProjectConfig) {
  return {
    id: row.id,
    display_name: row.displayName,
    description: row.description,
    logo_url: null,
    logo_full_url: null,
    logo_dark_mode_url: null,
    logo_full_dark_mode_url: null,
    created_at_millis: row.createdAt.getTime(),
    is_production_mode: row.isProductionMode,
    is_development_environment: false,
    owner_team_id: row.ownerTeamId,
    onboarding_status: 'completed',
    onboarding_state: null,
    config: {
      ...clientConfig(config),
      oauth_providers: Object.keys(config.auth.oauth.providers).map((id) => ({ provider_config_id: id, id, type: 'shared' })),
      email_config: { type: 'shared' },
      email_theme: '',
      create_team_on_sign_up: config.teams.createPersonalTeamOnSignUp,
      team_creator_default_permissions: [{ id: 'team_admin' }],
      team_member_default_permissions: [{ id: 'team_member' }],
      user_default_permissions: [],
      oauth_account_merge_strategy: 'link_method',
    },
  };
}

/** Settings as the admin API takes them. */
export type ConfigInput = {
  allow_localhost?: boolean | undefined;
  sign_up_enabled?: boolean | undefined;
  credential_enabled?: boolean | undefined;
  magic_link_enabled?: boolean | undefined;
  passkey_enabled?: boolean | undefined;
  client_team_creation_enabled?: boolean | undefined;
  client_user_deletion_enabled?: boolean | undefined;
  allow_user_api_keys?: boolean | undefined;
  allow_team_api_keys?: boolean | undefined;
  create_team_on_sign_up?: boolean | undefined;
  require_email_verification?: boolean | undefined;
  domains?: { domain: string; handler_path: string }[] | undefined;
};

/** What is stored of such settings, as paths: only what was given. */
export function storedConfig(input: ConfigInput): Record<string, unknown> {
  const domains = input.domains?.map(
    (domain, index) => [`domain${index}`, { baseUrl: domain.domain, handlerPath: domain.handler_path }] as const,
  );
  const stored = {
    'auth.allowSignUp': input.sign_up_enabled,
    'auth.password.allowSignIn': input.credential_enabled,
    'auth.otp.allowSignIn': input.magic_link_enabled,
    'auth.passkey.allowSignIn': input.passkey_enabled,
    'onboarding.requireEmailVerification': input.require_email_verification,
    'teams.createPersonalTeamOnSignUp': input.create_team_on_sign_up,
    'teams.allowClientTeamCreation': input.client_team_creation_enabled,
    'users.allowClientUserDeletion': input.client_user_deletion_enabled,
    'domains.allowLocalhost': input.allow_localhost,
    'domains.trustedDomains': domains === undefined ? undefined : Object.fromEntries(domains),
    'apiKeys.enabled.user': input.allow_user_api_keys,
    'apiKeys.enabled.team': input.allow_team_api_keys,
  };
  return Object.fromEntries(Object.entries(stored).filter(([, value]) => value !== undefined));
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
    enabled_oauth_providers: Object.keys(config.auth.oauth.providers)
      .sort()
      .map((id) => ({ id })),
    domains: Object.values(config.domains.trustedDomains).map((domain) => ({ domain: domain.baseUrl, handler_path: domain.handlerPath })),
  };
}

import type { Config } from '@stackframe/stack-shared/dist/config/format';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { isSystemPermission } from '../permissions/system-permissions.ts';
import type { OAuthProviderConfig, ProjectConfig } from './project-config.ts';

type ProviderInput = {
  id: string;
  type: 'shared' | 'standard';
  client_id?: string | undefined;
  client_secret?: string | undefined;
  facebook_config_id?: string | undefined;
  microsoft_tenant_id?: string | undefined;
  apple_bundle_ids?: string[] | undefined;
};

type MailServerInput = {
  type: 'shared' | 'standard';
  host?: string | undefined;
  port?: number | undefined;
  username?: string | undefined;
  password?: string | undefined;
  sender_name?: string | undefined;
  sender_email?: string | undefined;
};

type Permissions = { id: string }[] | undefined;

/** Settings as the admin API takes them, flat; a list replaces the whole. */
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
  oauth_providers?: ProviderInput[] | undefined;
  oauth_account_merge_strategy?: string | undefined;
  email_config?: MailServerInput | undefined;
  email_theme?: string | undefined;
  team_creator_default_permissions?: Permissions;
  team_member_default_permissions?: Permissions;
  user_default_permissions?: Permissions;
};

/** What is stored of such settings, as paths: only what was given. Throws PERMISSION_NOT_FOUND for a default the project has not defined. */
export function storedConfig(input: ConfigInput, inForce: ProjectConfig): Config {
  const { rbac } = inForce;
  return given({
    'auth.allowSignUp': input.sign_up_enabled,
    'auth.password.allowSignIn': input.credential_enabled,
    'auth.otp.allowSignIn': input.magic_link_enabled,
    'auth.passkey.allowSignIn': input.passkey_enabled,
    'auth.oauth.accountMergeStrategy': input.oauth_account_merge_strategy,
    'auth.oauth.providers': whenGiven(input.oauth_providers, (providers) => storedProviders(providers, inForce)),
    'onboarding.requireEmailVerification': input.require_email_verification,
    'teams.createPersonalTeamOnSignUp': input.create_team_on_sign_up,
    'teams.allowClientTeamCreation': input.client_team_creation_enabled,
    'users.allowClientUserDeletion': input.client_user_deletion_enabled,
    'domains.allowLocalhost': input.allow_localhost,
    'domains.trustedDomains': whenGiven(input.domains, storedDomains),
    'apiKeys.enabled.user': input.allow_user_api_keys,
    'apiKeys.enabled.team': input.allow_team_api_keys,
    'emails.server': whenGiven(input.email_config, storedMailServer),
    'emails.selectedThemeId': input.email_theme,
    'rbac.defaultPermissions.teamCreator': whenGiven(input.team_creator_default_permissions, (ids) => granted(ids, rbac)),
    'rbac.defaultPermissions.teamMember': whenGiven(input.team_member_default_permissions, (ids) => granted(ids, rbac)),
    'rbac.defaultPermissions.signUp': whenGiven(input.user_default_permissions, (ids) => granted(ids, rbac)),
  });
}

/** The list is of those who sign in; a provider that only connects accounts is not seen there, so it stays. */
function storedProviders(inputs: readonly ProviderInput[], { auth }: ProjectConfig): Config {
  const hidden = Object.entries(auth.oauth.providers).filter(([, provider]) => provider.allowSignIn !== true);
  const listed = inputs.map((input) => [input.id, storedProvider(input)] as const);
  return Object.fromEntries([...hidden.map(([id, provider]) => [id, given(provider)] as const), ...listed]);
}

function storedProvider(input: ProviderInput): Config {
  const bundles = input.apple_bundle_ids?.map((bundleId, index) => [`bundle${index}`, { bundleId }] as const);
  return given({
    type: input.id,
    isShared: input.type === 'shared',
    clientId: input.client_id,
    clientSecret: input.client_secret,
    facebookConfigId: input.facebook_config_id,
    microsoftTenantId: input.microsoft_tenant_id,
    appleBundles: bundles === undefined ? undefined : Object.fromEntries(bundles),
    allowSignIn: true,
    allowConnectedAccounts: true,
  } satisfies OAuthProviderConfig);
}

function storedDomains(domains: readonly { domain: string; handler_path: string }[]): Config {
  return Object.fromEntries(
    domains.map((domain, index) => [`domain${index}`, { baseUrl: domain.domain, handlerPath: domain.handler_path }] as const),
  );
}

function storedMailServer(input: MailServerInput): Config {
  if (input.type === 'shared') return { isShared: true };
  return given({
    isShared: false,
    provider: 'smtp',
    host: input.host,
    port: input.port,
    username: input.username,
    password: input.password,
    senderName: input.sender_name,
    senderEmail: input.sender_email,
  });
}

function granted(permissions: readonly { id: string }[], rbac: ProjectConfig['rbac']): Config {
  for (const { id } of permissions) {
    if (!isSystemPermission(id) && !Object.hasOwn(rbac.permissions, id)) throw new KnownErrors.PermissionNotFound(id);
  }
  return Object.fromEntries(permissions.map(({ id }) => [id, true]));
}

function whenGiven<T>(value: T | undefined, store: (value: T) => Config): Config | undefined {
  return value === undefined ? undefined : store(value);
}

function given(values: Record<string, unknown>): Config {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Config;
}

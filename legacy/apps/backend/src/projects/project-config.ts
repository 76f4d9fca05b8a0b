import { normalize, override } from '@stackframe/stack-shared/dist/config/format';

/** A provider users can sign in with or connect to. Shared ones use the development keys of this server. */
export type OAuthProviderConfig = {
  type?: string | undefined;
  isShared?: boolean | undefined;
  allowSignIn?: boolean | undefined;
  allowConnectedAccounts?: boolean | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  microsoftTenantId?: string | undefined;
  facebookConfigId?: string | undefined;
  appleBundles?: Record<string, { bundleId?: string | undefined } | undefined> | undefined;
};

/** A permission: those it contains are had with it. */
export type PermissionConfig = {
  description?: string | undefined;
  scope?: 'team' | 'project' | undefined;
  containedPermissionIds?: Record<string, boolean | undefined> | undefined;
};

type Granted = Record<string, boolean | undefined>;

export type MailServerConfig = {
  isShared: boolean;
  host?: string | undefined;
  port?: number | undefined;
  username?: string | undefined;
  password?: string | undefined;
  senderName?: string | undefined;
  senderEmail?: string | undefined;
};

/** A project's settings in force. Stored are only the differences from the defaults, in three layers. */
export type ProjectConfig = {
  project: { requirePublishableClientKey: boolean };
  auth: {
    allowSignUp: boolean;
    password: { allowSignIn: boolean };
    otp: { allowSignIn: boolean };
    passkey: { allowSignIn: boolean };
    oauth: {
      accountMergeStrategy: 'link_method' | 'raise_error' | 'allow_duplicates';
      providers: Record<string, OAuthProviderConfig>;
    };
  };
  onboarding: { requireEmailVerification: boolean };
  teams: { createPersonalTeamOnSignUp: boolean; allowClientTeamCreation: boolean };
  users: { allowClientUserDeletion: boolean };
  domains: { allowLocalhost: boolean; trustedDomains: Record<string, { baseUrl?: string | undefined; handlerPath?: string | undefined }> };
  apiKeys: { enabled: { user: boolean; team: boolean } };
  rbac: {
    permissions: Record<string, PermissionConfig>;
    defaultPermissions: { teamCreator: Granted; teamMember: Granted; signUp: Granted };
  };
  emails: {
    server: MailServerConfig;
    selectedThemeId: string | null;
    themes: Record<string, { displayName?: string | undefined; tsxSource?: string | undefined } | undefined>;
    templates: Record<
      string,
      { displayName?: string | undefined; tsxSource?: string | undefined; themeId?: string | false | undefined } | undefined
    >;
  };
  dataVault: { stores: Record<string, { displayName?: string | undefined }> };
  /** What a project has chosen to use, by the published apps' ids. Of those the server knows by name only `analytics` can be turned off. */
  apps: { installed: Record<string, { enabled?: boolean | undefined } | undefined> };
};

/** Those of the published settings schema: everything is off but sign-up, and there are no roles. A new project is given its own (create-project.ts). */
const defaults: ProjectConfig = {
  project: { requirePublishableClientKey: false },
  auth: {
    allowSignUp: true,
    password: { allowSignIn: false },
    otp: { allowSignIn: false },
    passkey: { allowSignIn: false },
    oauth: { accountMergeStrategy: 'link_method', providers: {} },
  },
  onboarding: { requireEmailVerification: false },
  teams: { createPersonalTeamOnSignUp: false, allowClientTeamCreation: false },
  users: { allowClientUserDeletion: false },
  domains: { allowLocalhost: false, trustedDomains: {} },
  apiKeys: { enabled: { user: false, team: false } },
  rbac: { permissions: {}, defaultPermissions: { teamCreator: {}, teamMember: {}, signUp: {} } },
  emails: { server: { isShared: true }, selectedThemeId: null, themes: {}, templates: {} },
  dataVault: { stores: {} },
  apps: { installed: {} },
};

/** What is stored of a project's settings, lowest first; keys may be paths (`auth.password.allowSignIn`). */
export type ConfigLayers = { project: unknown; branch: unknown; environment: unknown };

const cachedConfigsMax = 500;
const cachedCharactersMax = 100_000;
const cache = new Map<string, ProjectConfig>();

/** The settings in force: environment over branch over project over defaults. A key of a layer replaces all below it. Never change the result. */
export function projectConfig(layers: ConfigLayers): ProjectConfig {
  const key = JSON.stringify([layers.project, layers.branch, layers.environment]);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const stored = normalize(override(asRecord(layers.project), asRecord(layers.branch), asRecord(layers.environment)), {
    onDotIntoNonObject: 'ignore',
    onDotIntoNull: 'empty-object',
  });
  const config = merge(defaults, stored) as ProjectConfig;
  if (key.length > cachedCharactersMax) return config;
  if (cache.size >= cachedConfigsMax) cache.clear();
  cache.set(key, config);
  return config;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return base;
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value);
  return merged;
}

function asRecord(value: unknown): Parameters<typeof override>[0] {
  return (isRecord(value) ? value : {}) as Parameters<typeof override>[0];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { mockClientId, type OAuthSettings } from '../config.ts';
import type { OAuthProviderConfig, ProjectConfig } from '../projects/project-config.ts';
import { mockKind, type ProviderKind, type ProviderType, providerKinds } from './provider-kinds.ts';

/** A provider as a project uses it. `id` is the project's name for it, and usually its type. */
export type Provider = {
  id: string;
  type: ProviderType;
  /** With the keys of this server, not the project's own: then the project gets no access tokens. */
  isShared: boolean;
  allowSignIn: boolean;
  allowConnectedAccounts: boolean;
  clientId: string;
  clientSecret: string;
  kind: ProviderKind;
};

const mockClientSecret = 'MOCK-SERVER-SECRET';
/** Of any organisation, and private accounts. */
const anyTenant = 'common';

export type Purpose = 'authenticate' | 'link' | 'connected-account';

/** Throws OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED: it is not there, has no keys, or is not for this. */
export function providerFor(purpose: Purpose, config: ProjectConfig, providerId: string, settings: OAuthSettings): Provider {
  const provider = findProvider(config, providerId, settings);
  if (provider === null || !isFor(provider, purpose)) throw new KnownErrors.OAuthProviderNotFoundOrNotEnabled();
  return provider;
}

/** The type of a provider that the project has, or undefined. */
export function providerTypeOf(config: ProjectConfig, providerId: string): string | undefined {
  return ownProvider(config, providerId)?.type;
}

function isFor(provider: Provider, purpose: Purpose): boolean {
  switch (purpose) {
    case 'authenticate':
      return provider.allowSignIn;
    case 'connected-account':
      return provider.allowConnectedAccounts;
    case 'link':
      return provider.allowSignIn || provider.allowConnectedAccounts;
  }
}

function findProvider(config: ProjectConfig, providerId: string, settings: OAuthSettings): Provider | null {
  const stored = ownProvider(config, providerId);
  if (stored?.type === undefined) return null;
  const type = stored.type as ProviderType;
  const isShared = stored.isShared ?? true;
  const keys = isShared ? settings.sharedKeys[type] : ownKeys(stored);
  if (keys === undefined) return null;
  const about = { id: providerId, type, isShared, allowSignIn: stored.allowSignIn ?? false };
  const provider = { ...about, allowConnectedAccounts: stored.allowConnectedAccounts ?? false };
  if (keys.clientId === mockClientId) {
    if (settings.mockUrl === undefined) return null;
    return { ...provider, clientId: type, clientSecret: mockClientSecret, kind: mockKind(settings.mockUrl) };
  }
  const kind = providerKinds[type];
  return kind === undefined ? null : { ...provider, ...keys, kind: ofTenant(kind, stored.microsoftTenantId ?? anyTenant) };
}

/** By its own name only: `constructor` is no provider. */
function ownProvider(config: ProjectConfig, providerId: string): OAuthProviderConfig | undefined {
  const { providers } = config.auth.oauth;
  return Object.hasOwn(providers, providerId) ? providers[providerId] : undefined;
}

function ownKeys(stored: OAuthProviderConfig): { clientId: string; clientSecret: string } | undefined {
  const { clientId, clientSecret } = stored;
  return clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
}

function ofTenant(kind: ProviderKind, tenant: string): ProviderKind {
  const fill = (url: string) => url.replace('{tenant}', encodeURIComponent(tenant));
  return { ...kind, authorizationUrl: fill(kind.authorizationUrl), tokenUrl: fill(kind.tokenUrl) };
}

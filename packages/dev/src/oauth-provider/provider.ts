import { generateKeyPairSync } from 'node:crypto';
import { type ClientMetadata, Provider } from 'oidc-provider';
import type { TokenStore } from './token-store.ts';

/** Each is a client of its own: client id = provider id. */
export const providerIds = [
  'github',
  'google',
  'facebook',
  'microsoft',
  'spotify',
  'discord',
  'gitlab',
  'bitbucket',
  'linkedin',
  'apple',
  'x',
  'twitch',
] as const;
export const clientSecret = 'MOCK-SERVER-SECRET';

const scopesMax = 500;
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const minutes = 60;
const days = 24 * 3600;

type ProviderOptions = { issuer: string; publicUrl: string; accessTokenSeconds: number; store: TokenStore };

/**
 * The OpenID Connect server. Every sign-in asks who it is (nobody stays signed in), grants what is asked for, and gives a refresh token.
 * Scopes are granted that nobody has named before, as each of the real providers has its own: the library's list is fixed, so a server
 * with a longer list takes over. All state is in the store.
 */
export class Providers {
  readonly #options: ProviderOptions;
  readonly #jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  readonly #scopes = new Set(['openid', 'offline_access']);
  #current: Provider;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#current = this.#make();
  }

  get current(): Provider {
    return this.#current;
  }

  /** From now on these scopes exist. At most 500 are known. */
  learn(scopes: readonly string[]): void {
    const unknown = scopes.filter((scope) => scopePattern.test(scope) && !this.#scopes.has(scope));
    if (unknown.length === 0 || this.#scopes.size + unknown.length > scopesMax) return;
    for (const scope of unknown) this.#scopes.add(scope);
    this.#current = this.#make();
  }

  #make(): Provider {
    const { issuer, publicUrl, accessTokenSeconds, store } = this.#options;
    const provider = new Provider(issuer, {
      adapter: store.adapter,
      clients: providerIds.map((id) => clientOf(id, publicUrl)),
      jwks: { keys: [this.#jwk] },
      cookies: { keys: ['atlas-development-oauth-provider'] },
      scopes: [...this.#scopes],
      claims: { openid: ['sub', 'email', 'email_verified', 'name'] },
      conformIdTokenClaims: false,
      findAccount: (_context, accountId) => ({
        accountId,
        claims: () => ({ sub: accountId, email: accountId, email_verified: true, name: accountId }),
      }),
      features: { devInteractions: { enabled: false }, revocation: { enabled: true }, rpInitiatedLogout: { enabled: false } },
      interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
      issueRefreshToken: () => true,
      expiresWithSession: () => false,
      responseTypes: ['code'],
      rotateRefreshToken: false,
      pkce: { required: () => false },
      ttl: lifetimes(accessTokenSeconds),
      renderError: (context, out) => {
        context.type = 'text/plain';
        context.body = `${out.error}: ${out.error_description ?? ''}`;
      },
    });
    provider.use(async (context, next) => {
      // The library drops offline_access unless consent is asked for.
      if (context.path === '/auth' && context.query['prompt'] !== 'none') context.query = { ...context.query, prompt: 'consent' };
      await next();
    });
    return provider;
  }
}

function lifetimes(accessTokenSeconds: number) {
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: 5 * minutes,
    IdToken: 10 * minutes,
    Interaction: 10 * minutes,
    Session: 10 * minutes,
    Grant: 365 * days,
    RefreshToken: 365 * days,
  };
}

function clientOf(id: string, publicUrl: string): ClientMetadata {
  return {
    client_id: id,
    client_secret: clientSecret,
    redirect_uris: [`${publicUrl}/api/v1/auth/oauth/callback/${id}`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  };
}

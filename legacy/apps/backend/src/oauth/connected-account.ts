import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { config } from '../config.ts';
import { database } from '../database.ts';
import type { OAuthToken } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { UserKey } from '../users/find-user.ts';
import { type Provider, providerFor } from './provider.ts';
import { type ProviderTokens, refreshTokens } from './provider-client.ts';
import { type AccountKey, storeAccessToken } from './provider-tokens.ts';

/** Whose token is wanted, of which provider, for what. Without an account id any account there will do, the oldest first. */
export type TokenQuestion = {
  user: UserKey;
  config: ProjectConfig;
  providerId: string;
  accountId?: string | undefined;
  scopes: readonly string[];
};

/** A token is no use to a project that gets it a moment before it ends. */
const remainingMillisMin = 60_000;
const accountsMax = 20;
const attemptsMax = 3;

/** Which accounts at providers a user has connected, oldest first. */
export async function listConnectedAccounts(user: UserKey) {
  const rows = await database().projectUserOAuthAccount.findMany({
    where: { ...user, allowConnectedAccounts: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: 1_000,
  });
  return rows.map((row) => ({
    user_id: user.projectUserId,
    provider: row.configOAuthProviderId,
    provider_account_id: row.providerAccountId,
  }));
}

/**
 * An access token of the provider's with at least these scopes: the one kept, or a new one for the refresh token. Throws
 * OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED, OAUTH_ACCESS_TOKEN_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS, OAUTH_CONNECTION_NOT_CONNECTED_TO_USER,
 * OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE (also when the provider takes the refresh token no more: both are mended by connecting
 * again), OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE.
 */
export async function accessTokenFor(question: TokenQuestion): Promise<string> {
  const provider = providerFor('connected-account', question.config, question.providerId, config().oauth);
  if (provider.isShared) throw new KnownErrors.OAuthAccessTokenNotAvailableWithSharedOAuthKeys();
  const accounts = await database().projectUserOAuthAccount.findMany({
    where: {
      ...question.user,
      configOAuthProviderId: provider.id,
      allowConnectedAccounts: true,
      ...(question.accountId === undefined ? {} : { providerAccountId: question.accountId }),
    },
    select: { id: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: accountsMax,
  });
  if (accounts.length === 0) throw new KnownErrors.OAuthConnectionNotConnectedToUser();
  for (const { id } of accounts) {
    const token = await accessTokenOf(provider, { tenancyId: question.user.tenancyId, oauthAccountId: id }, question.scopes);
    if (token !== null) return token;
  }
  throw new KnownErrors.OAuthConnectionDoesNotHaveRequiredScope();
}

async function accessTokenOf(provider: Provider, account: AccountKey, scopes: readonly string[]): Promise<string | null> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const kept = await findKept(account, scopes);
    if (kept !== null) return kept;
    const refreshable = await findRefreshable(account, scopes);
    if (refreshable === null) return null;
    const fresh = await refreshOnce(provider, account, refreshable);
    if (fresh !== null) return fresh.accessToken;
  }
  return null;
}

async function findKept(account: AccountKey, scopes: readonly string[]): Promise<string | null> {
  const row = await database().oAuthAccessToken.findFirst({
    where: { ...account, isValid: true, expiresAt: { gt: new Date(Date.now() + remainingMillisMin) }, scopes: { hasEvery: [...scopes] } },
    orderBy: { expiresAt: 'desc' },
    select: { accessToken: true },
  });
  return row?.accessToken ?? null;
}

function findRefreshable(account: AccountKey, scopes: readonly string[]): Promise<OAuthToken | null> {
  return database().oAuthToken.findFirst({
    where: { ...account, isValid: true, scopes: { hasEvery: [...scopes] } },
    orderBy: { createdAt: 'desc' },
  });
}

/** Refreshes under way in this process: providers that give a new refresh token each time take the former twice for a theft. */
const underWay = new Map<string, Promise<ProviderTokens | null>>();

function refreshOnce(provider: Provider, account: AccountKey, token: OAuthToken): Promise<ProviderTokens | null> {
  const known = underWay.get(token.id);
  if (known !== undefined) return known;
  const refresh = refreshAndStore(provider, account, token).finally(() => underWay.delete(token.id));
  underWay.set(token.id, refresh);
  return refresh;
}

/**
 * Asks the provider, and keeps what it gives. No transaction is open meanwhile: a slow provider would hold a connection. So each write names
 * the refresh token it is about, and changes nothing when another process has replaced it. Null: this refresh token is of no use any more.
 */
async function refreshAndStore(provider: Provider, account: AccountKey, token: OAuthToken): Promise<ProviderTokens | null> {
  const former = { tenancyId: token.tenancyId, id: token.id, refreshToken: token.refreshToken };
  const tokens = await refreshTokens(provider, token);
  if (tokens === null) {
    await database().oAuthToken.updateMany({ where: former, data: { isValid: false } });
    return null;
  }
  await database().$transaction(async (tx) => {
    await storeAccessToken(tx, account, tokens);
    await tx.oAuthToken.updateMany({ where: former, data: { refreshToken: tokens.refreshToken ?? token.refreshToken, isValid: true } });
  });
  return tokens;
}

import { randomUUID } from 'node:crypto';
import type { Transaction } from '../database.ts';
import type { ProviderTokens } from './provider-client.ts';

export type AccountKey = { tenancyId: string; oauthAccountId: string };

/** Keeps what a provider gave for an account, in place of what can do no more than that. */
export async function storeTokens(tx: Transaction, account: AccountKey, tokens: ProviderTokens): Promise<void> {
  await storeAccessToken(tx, account, tokens);
  if (tokens.refreshToken === null) return;
  await tx.$executeRaw`
    delete from "OAuthToken" where "tenancyId" = ${account.tenancyId}::uuid and "oauthAccountId" = ${account.oauthAccountId}::uuid
      and ("scopes" <@ ${tokens.scopes}::text[] or not "isValid")`;
  await tx.oAuthToken.create({ data: { ...account, id: randomUUID(), refreshToken: tokens.refreshToken, scopes: tokens.scopes } });
}

/** The same for the access token alone. */
export async function storeAccessToken(tx: Transaction, account: AccountKey, tokens: ProviderTokens): Promise<void> {
  // Holds the account, so that of two at the same time the second replaces the first's.
  await tx.$queryRaw`
    select 1 from "ProjectUserOAuthAccount" where "tenancyId" = ${account.tenancyId}::uuid and "id" = ${account.oauthAccountId}::uuid
    for no key update`;
  await tx.$executeRaw`
    delete from "OAuthAccessToken" where "tenancyId" = ${account.tenancyId}::uuid and "oauthAccountId" = ${account.oauthAccountId}::uuid
      and ("scopes" <@ ${tokens.scopes}::text[] or "expiresAt" < now())`;
  await tx.oAuthAccessToken.create({
    data: { ...account, id: randomUUID(), accessToken: tokens.accessToken, scopes: tokens.scopes, expiresAt: tokens.expiresAt },
  });
}

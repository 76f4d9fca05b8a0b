import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { type Transaction, violatedIndex } from '../database.ts';
import type { TeamOwner } from '../teams/create-team.ts';
import { findUser, type UserKey } from '../users/find-user.ts';
import { serverUser } from '../users/user.ts';
import { tell } from '../webhooks/tell.ts';

/** An account at a provider as it is given to a user: for signing in, for its access tokens, or both. */
export type NewOAuthAccount = {
  providerId: string;
  accountId: string;
  email: string | null;
  allowSignIn: boolean;
  allowConnectedAccounts: boolean;
};

/** Writes the account, and the way to sign in with it when that is allowed. Answers the account's id. */
export async function createOAuthAccount(tx: Transaction, key: UserKey, account: NewOAuthAccount): Promise<string> {
  if (account.allowSignIn) await createOAuthMethod(tx, key, account);
  const id = randomUUID();
  await tx.projectUserOAuthAccount.create({
    data: {
      ...key,
      id,
      configOAuthProviderId: account.providerId,
      providerAccountId: account.accountId,
      email: account.email,
      allowSignIn: account.allowSignIn,
      allowConnectedAccounts: account.allowConnectedAccounts,
    },
  });
  return id;
}

/** From now on the user signs in with this account; the account's row must say so too. */
export async function createOAuthMethod(
  tx: Transaction,
  key: UserKey,
  account: Pick<NewOAuthAccount, 'providerId' | 'accountId'>,
): Promise<void> {
  const authMethodId = randomUUID();
  await tx.authMethod.create({ data: { ...key, id: authMethodId } });
  await tx.oAuthAuthMethod.create({
    data: { ...key, authMethodId, configOAuthProviderId: account.providerId, providerAccountId: account.accountId },
  });
}

/** A user's accounts are part of the user. */
export async function tellAccountsChanged(tx: Transaction, owner: Pick<TeamOwner, 'projectId' | 'config'>, key: UserKey): Promise<void> {
  const row = await findUser(key, tx);
  if (row !== null) await tell(tx, owner.projectId, 'user.updated', serverUser(row, owner.config));
}

/** An account somebody signs in with is nobody else's to sign in with: the indexes decided who was first. */
export function asAccountTakenError(error: unknown): unknown {
  return signInIndexes.has(violatedIndex(error) ?? '') ? new KnownErrors.OAuthProviderAccountIdAlreadyUsedForSignIn() : error;
}

const signInIndexes = new Set(['OAuthAuthMethod_tenancyId_configOAuthProviderId_providerAcc_key', 'ProjectUserOAuthAccount_signIn_key']);

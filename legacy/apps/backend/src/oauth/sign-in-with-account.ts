import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { database, type Transaction, violatedIndex } from '../database.ts';
import type { ProjectUserOAuthAccount } from '../generated/prisma/client.ts';
import type { NewUser } from '../users/create-user.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { findUser, type UserKey } from '../users/find-user.ts';
import { signUpUser } from '../users/upgrade-user.ts';
import type { UserRow } from '../users/user.ts';
import { createAuthorizationCode } from './authorization-code.ts';
import { decideSignIn, type SignInDecision } from './decide-sign-in.ts';
import { createOAuthAccount, createOAuthMethod, type NewOAuthAccount, tellAccountsChanged } from './oauth-account.ts';
import type { OAuthClient } from './oauth-client.ts';
import type { Provider } from './provider.ts';
import type { ProviderTokens } from './provider-client.ts';
import type { Profile } from './provider-kinds.ts';
import { storeTokens } from './provider-tokens.ts';
import type { StartedSignIn } from './started-sign-in.ts';

/** Somebody back from a provider: who they are there, what the provider gave, and what they came for. */
export type Arrival = { client: OAuthClient; provider: Provider; profile: Profile; tokens: ProviderTokens; signIn: StartedSignIn };

const attemptsMax = 3;

/**
 * Signs in, signs up or links, and answers the authorization code for the project's client; all in one commit.
 * Throws OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER, USER_NOT_FOUND, and what `decideSignIn` refuses.
 */
export async function arrive(arrival: Arrival): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database().$transaction((tx) => arriveIn(tx, arrival));
    } catch (error) {
      // Somebody took the address in between: then the decision is another one.
      if (violatedIndex(error) === undefined || attempt === attemptsMax) throw error;
    }
  }
}

async function arriveIn(tx: Transaction, arrival: Arrival): Promise<string> {
  const { client, provider, signIn } = arrival;
  const accounts = await lockAccounts(tx, arrival);
  const { key, isNew } = signIn.type === 'link' ? await link(tx, arrival, accounts) : await authenticate(tx, arrival, accounts);
  const account = await tx.projectUserOAuthAccount.findUniqueOrThrow({ where: accountOf(key, arrival) });
  // Tokens of a shared client are nobody's to have.
  if (account.allowConnectedAccounts && !provider.isShared)
    await storeTokens(tx, { tenancyId: client.tenancyId, oauthAccountId: account.id }, arrival.tokens);
  const { redirectUri, codeChallenge, codeChallengeMethod, afterCallbackRedirectUrl } = signIn.outer;
  const outer = { redirectUri, codeChallenge, codeChallengeMethod, afterCallbackRedirectUrl };
  return createAuthorizationCode(tx, { user: key, ...outer, isNewUser: isNew, grantedRefreshTokenId: null });
}

/** Everybody's rows of one account at a provider, which nobody else changes until the commit: there may be none yet to lock. */
async function lockAccounts(tx: Transaction, { client, provider, profile }: Arrival): Promise<ProjectUserOAuthAccount[]> {
  const name = `oauth-account ${client.tenancyId} ${provider.id} ${profile.accountId}`;
  await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
  return tx.projectUserOAuthAccount.findMany({
    where: { tenancyId: client.tenancyId, configOAuthProviderId: provider.id, providerAccountId: profile.accountId },
  });
}

type Arrived = { key: UserKey; isNew: boolean };

async function link(tx: Transaction, arrival: Arrival, accounts: ProjectUserOAuthAccount[]): Promise<Arrived> {
  const { client, provider, signIn } = arrival;
  const key = { tenancyId: client.tenancyId, projectUserId: signIn.userId ?? '' };
  if (signIn.userId === null || (await findUser(key, tx)) === null) throw new KnownErrors.UserNotFound();
  if (accounts.some((account) => account.projectUserId !== key.projectUserId))
    throw new KnownErrors.OAuthConnectionAlreadyConnectedToAnotherUser();
  const own = accounts[0];
  if (own === undefined) {
    await createOAuthAccount(tx, key, newAccount(arrival));
    await tellAccountsChanged(tx, client, key);
  } else if (provider.allowConnectedAccounts && !own.allowConnectedAccounts) {
    await tx.projectUserOAuthAccount.update({ where: accountOf(key, arrival), data: { allowConnectedAccounts: true } });
  }
  return { key, isNew: false };
}

async function authenticate(tx: Transaction, arrival: Arrival, accounts: ProjectUserOAuthAccount[]): Promise<Arrived> {
  const { client, signIn } = arrival;
  const email = emailOf(arrival.profile);
  const caller = signIn.userId === null ? null : await findUser({ tenancyId: client.tenancyId, projectUserId: signIn.userId }, tx);
  const decision = decideSignIn({
    ownerId: accounts.find((account) => account.allowSignIn)?.projectUserId ?? null,
    email,
    emailOwner: email === null ? null : await findEmailOwner(tx, client.tenancyId, email.value),
    allowSignUp: client.config.auth.allowSignUp,
    mergeStrategy: client.config.auth.oauth.accountMergeStrategy,
  });
  return { key: await follow(tx, { ...arrival, caller: caller ?? undefined }, decision), isNew: decision.kind === 'sign-up' };
}

async function follow(tx: Transaction, arrival: Arrival & { caller: UserRow | undefined }, decision: SignInDecision): Promise<UserKey> {
  const { client } = arrival;
  const keyOf = (projectUserId: string): UserKey => ({ tenancyId: client.tenancyId, projectUserId });
  switch (decision.kind) {
    case 'sign-in':
      return keyOf(decision.userId);
    case 'merge':
      await giveAccount(tx, keyOf(decision.userId), arrival);
      await tellAccountsChanged(tx, client, keyOf(decision.userId));
      return keyOf(decision.userId);
    case 'sign-up':
      return keyOf(await signUpUser(tx, client, arrival.caller, newUser(arrival, decision)));
  }
}

/** To sign in with from now on; the user may have it already, only for its access tokens. */
async function giveAccount(tx: Transaction, key: UserKey, arrival: Arrival): Promise<void> {
  const where = accountOf(key, arrival);
  const own = await tx.projectUserOAuthAccount.findUnique({ where, select: { id: true } });
  if (own === null) {
    await createOAuthAccount(tx, key, newAccount(arrival));
    return;
  }
  await createOAuthMethod(tx, key, newAccount(arrival));
  await tx.projectUserOAuthAccount.update({ where, data: { allowSignIn: true } });
}

function newUser(arrival: Arrival, decision: { usedForAuth: boolean }): NewUser {
  const { profile } = arrival;
  const email = emailOf(profile);
  return {
    displayName: profile.displayName,
    profileImageUrl: profile.profileImageUrl,
    email: email === null ? undefined : { ...email, usedForAuth: decision.usedForAuth },
    oauthAccounts: [newAccount(arrival)],
  };
}

function newAccount({ provider, profile }: Arrival): NewOAuthAccount {
  return {
    providerId: provider.id,
    accountId: profile.accountId,
    email: emailOf(profile)?.value ?? null,
    allowSignIn: provider.allowSignIn,
    allowConnectedAccounts: provider.allowConnectedAccounts,
  };
}

function emailOf(profile: Profile): { value: string; isVerified: boolean } | null {
  return profile.email === null ? null : { value: normalizeEmail(profile.email), isVerified: profile.emailVerified };
}

async function findEmailOwner(tx: Transaction, tenancyId: string, value: string): Promise<{ userId: string; isVerified: boolean } | null> {
  const channel = await tx.contactChannel.findUnique({
    where: { tenancyId_type_value_usedForAuth: { tenancyId, type: 'EMAIL', value, usedForAuth: 'TRUE' } },
    select: { projectUserId: true, isVerified: true },
  });
  return channel === null ? null : { userId: channel.projectUserId, isVerified: channel.isVerified };
}

function accountOf(key: UserKey, { provider, profile }: Arrival) {
  return {
    tenancyId_projectUserId_configOAuthProviderId_providerAccountId: {
      ...key,
      configOAuthProviderId: provider.id,
      providerAccountId: profile.accountId,
    },
  };
}

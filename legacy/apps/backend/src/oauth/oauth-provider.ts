import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, type Transaction, violatedIndex } from '../database.ts';
import type { ProjectUserOAuthAccount } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type UserKey, userExists } from '../users/find-user.ts';
import { asAccountTakenError, createOAuthAccount, createOAuthMethod, type NewOAuthAccount, tellAccountsChanged } from './oauth-account.ts';
import { providerTypeOf } from './provider.ts';

export type AccountOwner = { projectId: string; tenancyId: string; config: ProjectConfig };
export type AccountChange = {
  email?: string | null | undefined;
  account_id?: string | undefined;
  allow_sign_in?: boolean | undefined;
  allow_connected_accounts?: boolean | undefined;
};

const listedMax = 1_000;

/** An account at a provider as clients see it; null when the project no longer has the provider. */
export function clientAccount(row: ProjectUserOAuthAccount, config: ProjectConfig) {
  const type = providerTypeOf(config, row.configOAuthProviderId);
  if (type === undefined || row.projectUserId === null) return null;
  return {
    user_id: row.projectUserId,
    id: row.id,
    ...(row.email === null ? {} : { email: row.email }),
    provider_config_id: row.configOAuthProviderId,
    type,
    allow_sign_in: row.allowSignIn,
    allow_connected_accounts: row.allowConnectedAccounts,
  };
}

/** The same with the account's id at the provider, for servers. */
export function serverAccount(row: ProjectUserOAuthAccount, config: ProjectConfig) {
  const account = clientAccount(row, config);
  return account === null ? null : { ...account, account_id: row.providerAccountId };
}

/** Of one user, or of all; oldest first. */
export function listAccounts(tenancyId: string, userId: string | undefined): Promise<ProjectUserOAuthAccount[]> {
  return database().projectUserOAuthAccount.findMany({
    where: { tenancyId, ...(userId === undefined ? {} : { projectUserId: userId }) },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: listedMax,
  });
}

/** Throws a 404. */
export async function readAccount(user: UserKey, id: string, client: Pick<Transaction, 'projectUserOAuthAccount'> = database()) {
  const row = await client.projectUserOAuthAccount.findFirst({ where: { ...user, id } });
  if (row === null) throw accountNotFound();
  return row;
}

/** Throws OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED, USER_ID_DOES_NOT_EXIST, OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN. */
export async function giveAccountTo(owner: AccountOwner, userId: string, account: NewOAuthAccount): Promise<ProjectUserOAuthAccount> {
  if (providerTypeOf(owner.config, account.providerId) === undefined) throw new KnownErrors.OAuthProviderNotFoundOrNotEnabled();
  const user = { tenancyId: owner.tenancyId, projectUserId: userId };
  return withKnownErrors(() =>
    database().$transaction(async (tx) => {
      if (!(await userExists(user, tx))) throw new KnownErrors.UserIdDoesNotExist(userId);
      const id = await createOAuthAccount(tx, user, account);
      await tellAccountsChanged(tx, owner, user);
      return readAccount(user, id, tx);
    }),
  );
}

/** Changes what is given; the way to sign in follows. Throws a 404, OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN. */
export async function changeAccount(
  owner: AccountOwner,
  user: UserKey,
  id: string,
  change: AccountChange,
): Promise<ProjectUserOAuthAccount> {
  return withKnownErrors(() =>
    database().$transaction(async (tx) => {
      await lockAccount(tx, user, id);
      const before = await readAccount(user, id, tx);
      const accountId = change.account_id ?? before.providerAccountId;
      const allowSignIn = change.allow_sign_in ?? before.allowSignIn;
      const isOther = accountId !== before.providerAccountId;
      if (before.allowSignIn && (isOther || !allowSignIn)) await deleteMethod(tx, before);
      if (allowSignIn && (isOther || !before.allowSignIn))
        await createOAuthMethod(tx, user, { providerId: before.configOAuthProviderId, accountId });
      // What the former account gave is not the new one's.
      if (isOther) await forgetTokens(tx, before);
      await tx.projectUserOAuthAccount.update({
        where: { tenancyId_id: { tenancyId: user.tenancyId, id } },
        data: {
          providerAccountId: accountId,
          allowSignIn,
          allowConnectedAccounts: change.allow_connected_accounts ?? before.allowConnectedAccounts,
          ...(change.email === undefined ? {} : { email: change.email }),
        },
      });
      await tellAccountsChanged(tx, owner, user);
      return readAccount(user, id, tx);
    }),
  );
}

/** Takes the account from its user: signing in with it, and its tokens. Throws a 404. */
export async function removeAccount(owner: AccountOwner, user: UserKey, id: string): Promise<void> {
  await database().$transaction(async (tx) => {
    await lockAccount(tx, user, id);
    const row = await readAccount(user, id, tx);
    if (row.allowSignIn) await deleteMethod(tx, row);
    await tx.projectUserOAuthAccount.delete({ where: { tenancyId_id: { tenancyId: user.tenancyId, id } } });
    await tellAccountsChanged(tx, owner, user);
  });
}

// So that of two changes at the same time the second sees the first's.
async function lockAccount(tx: Transaction, user: UserKey, id: string): Promise<void> {
  await tx.$queryRaw`
    select 1 from "ProjectUserOAuthAccount" where "tenancyId" = ${user.tenancyId}::uuid and "id" = ${id}::uuid for update`;
}

async function deleteMethod(tx: Transaction, account: ProjectUserOAuthAccount): Promise<void> {
  const { tenancyId, configOAuthProviderId, providerAccountId } = account;
  await tx.authMethod.deleteMany({ where: { tenancyId, oauth: { is: { configOAuthProviderId, providerAccountId } } } });
}

async function forgetTokens(tx: Transaction, { tenancyId, id: oauthAccountId }: ProjectUserOAuthAccount): Promise<void> {
  await tx.oAuthToken.deleteMany({ where: { tenancyId, oauthAccountId } });
  await tx.oAuthAccessToken.deleteMany({ where: { tenancyId, oauthAccountId } });
}

async function withKnownErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (violatedIndex(error) === 'ProjectUserOAuthAccount_tenancyId_projectUserId_configOAuth_key')
      throw new StatusError(409, 'The user has this account of the provider already.');
    throw asAccountTakenError(error);
  }
}

function accountNotFound(): StatusError {
  return new StatusError(404, 'OAuth provider not found for this user.');
}

import { oauthProviderCrud } from '@stackframe/stack-shared/dist/interface/crud/oauth-providers';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { tenancyOf } from '../auth/branch-of.ts';
import { assertOwnUnlessServer } from '../auth/own-user.ts';
import type { ProjectUserOAuthAccount } from '../generated/prisma/client.ts';
import type { UserKey } from '../users/find-user.ts';
import { clientOnly, clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { changeAccount, clientAccount, giveAccountTo, listAccounts, readAccount, removeAccount, serverAccount } from './oauth-provider.ts';

const ownOnly = 'Client can only access its own OAuth providers.';
const accountParams = yupObject({ user_id: userIdOrMeSchema.defined(), provider_id: yupString().uuid().defined() }).defined();
const listQuery = yupObject({ user_id: userIdOrMeSchema.optional() }).defined();

/** What the wire calls an OAuth provider of a user is an account of the user's at a provider. */
export const oauthProviderEndpoints = [
  endpoint({
    method: 'GET',
    path: '/oauth-providers',
    access: clientOrHigher,
    query: listQuery,
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(auth, query.user_id, ownOnly);
      const rows = await listAccounts(auth.tenancyId, query.user_id);
      return json(200, { items: rows.map((row) => visible(auth, row)).filter((item) => item !== null), is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/oauth-providers',
    access: serverOrHigher,
    body: oauthProviderCrud.server.createSchema,
    handle: async ({ auth, body }) => {
      const account = {
        providerId: body.provider_config_id,
        accountId: body.account_id,
        email: body.email ?? null,
        allowSignIn: body.allow_sign_in,
        allowConnectedAccounts: body.allow_connected_accounts,
      };
      return answer(201, auth, await giveAccountTo(tenancyOf(auth), body.user_id, account));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/oauth-providers/:user_id/:provider_id',
    access: clientOrHigher,
    params: accountParams,
    handle: async ({ auth, params }) => answer(200, auth, await readAccount(userKey(auth, params.user_id), params.provider_id)),
  }),
  endpoint({
    method: 'PATCH',
    path: '/oauth-providers/:user_id/:provider_id',
    access: clientOnly,
    params: accountParams,
    body: oauthProviderCrud.client.updateSchema,
    handle: async ({ auth, params, body }) =>
      answer(200, auth, await changeAccount(tenancyOf(auth), userKey(auth, params.user_id), params.provider_id, body)),
  }),
  endpoint({
    method: 'PATCH',
    path: '/oauth-providers/:user_id/:provider_id',
    access: serverOrHigher,
    params: accountParams,
    body: oauthProviderCrud.server.updateSchema,
    handle: async ({ auth, params, body }) =>
      answer(200, auth, await changeAccount(tenancyOf(auth), userKey(auth, params.user_id), params.provider_id, body)),
  }),
  endpoint({
    method: 'DELETE',
    path: '/oauth-providers/:user_id/:provider_id',
    access: clientOrHigher,
    params: accountParams,
    handle: async ({ auth, params }) => {
      await removeAccount(tenancyOf(auth), userKey(auth, params.user_id), params.provider_id);
      return json(200, { success: true });
    },
  }),
];

function answer(status: number, auth: Auth, row: ProjectUserOAuthAccount) {
  const account = visible(auth, row);
  if (account === null) throw new KnownErrors.OAuthProviderNotFoundOrNotEnabled();
  return json(status, account);
}

function visible(auth: Auth, row: ProjectUserOAuthAccount) {
  return auth.accessType === 'client' ? clientAccount(row, auth.project.config) : serverAccount(row, auth.project.config);
}

function userKey(auth: Auth, userId: string): UserKey {
  assertOwnUnlessServer(auth, userId, ownOnly);
  return { tenancyId: auth.tenancyId, projectUserId: userId };
}

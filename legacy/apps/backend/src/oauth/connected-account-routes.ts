import { connectedAccountAccessTokenCreateSchema } from '@stackframe/stack-shared/dist/interface/crud/connected-accounts';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer, signedInUser } from '../auth/own-user.ts';
import type { UserKey } from '../users/find-user.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { accessTokenFor, listConnectedAccounts } from './connected-account.ts';
import { scopeList } from './provider-client.ts';

const ofUser = { user_id: userIdOrMeSchema.defined() };
const ofProvider = { provider_id: yupString().defined() };

export const connectedAccountEndpoints = [
  endpoint({
    method: 'GET',
    path: '/connected-accounts/:user_id',
    access: clientOrHigher,
    params: yupObject(ofUser).defined(),
    handle: async ({ auth, params }) =>
      json(200, { items: await listConnectedAccounts(ownUnlessServer(auth, params.user_id)), is_paginated: false }),
  }),
  endpoint({
    method: 'POST',
    path: '/connected-accounts/:user_id/:provider_id/access-token',
    access: clientOrHigher,
    params: yupObject({ ...ofUser, ...ofProvider }).defined(),
    body: connectedAccountAccessTokenCreateSchema,
    handle: async ({ auth, params, body }) => answerToken(auth, params.user_id, { providerId: params.provider_id, scope: body.scope }),
  }),
  endpoint({
    method: 'POST',
    path: '/connected-accounts/:user_id/:provider_id/:provider_account_id/access-token',
    access: clientOrHigher,
    params: yupObject({ ...ofUser, ...ofProvider, provider_account_id: yupString().defined() }).defined(),
    body: connectedAccountAccessTokenCreateSchema,
    handle: async ({ auth, params, body }) =>
      answerToken(auth, params.user_id, {
        providerId: params.provider_id,
        accountId: params.provider_account_id,
        scope: body.scope,
      }),
  }),
  // As the oldest clients call it.
  endpoint({
    method: 'POST',
    path: '/auth/oauth/connected-accounts/:provider_id/access-token',
    access: clientOrHigher,
    params: yupObject(ofProvider).defined(),
    body: connectedAccountAccessTokenCreateSchema,
    handle: async ({ auth, params, body }) => {
      return answerToken(auth, signedInUser(auth).projectUserId, { providerId: params.provider_id, scope: body.scope });
    },
  }),
];

async function answerToken(auth: Auth, userId: string, asked: { providerId: string; accountId?: string; scope: string | undefined }) {
  const { scope, ...account } = asked;
  const question = { ...account, user: ownUnlessServer(auth, userId), config: auth.project.config, scopes: scopeList(scope ?? '') };
  return json(201, { access_token: await accessTokenFor(question) });
}

function ownUnlessServer(auth: Auth, userId: string): UserKey {
  assertOwnUnlessServer(auth, userId, 'Client can only access its own connected accounts.');
  return { tenancyId: auth.tenancyId, projectUserId: userId };
}

import {
  teamApiKeysCreateInputSchema,
  userApiKeysCreateInputSchema,
  userApiKeysCrud,
} from '@stackframe/stack-shared/dist/interface/crud/project-api-keys';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer, keyOf, signedInUser } from '../auth/own-user.ts';
import type { ProjectApiKey } from '../generated/prisma/client.ts';
import { assertTeamPermission } from '../permissions/team-permission.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { apiKeyView, createdApiKeyView, type KeyType } from './api-key.ts';
import { changeKey, checkKey, createKey, findKey, type KeyOwner, listKeys } from './key-store.ts';

const descriptionCharactersMax = 1_000;
const ownOnly = 'Client can only manage their own api keys';
const keyId = yupObject({ api_key_id: yupString().uuid().defined() }).defined();
const ofUser = yupObject({ user_id: userIdOrMeSchema.optional() }).defined();
const ofTeam = yupObject({ team_id: yupString().uuid().optional() }).defined();
const shownKey = yupObject({ api_key: yupString().max(500).defined() }).defined();
const update = userApiKeysCrud.client.updateSchema as AnySchema;
const createForUser = userApiKeysCreateInputSchema.defined() as unknown as AnySchema;
const createForTeam = teamApiKeysCreateInputSchema.defined() as unknown as AnySchema;

type CreateBody = { description: string; expires_at_millis: number | null; is_public?: boolean; user_id: string; team_id: string };
type UpdateBody = { description?: string; revoked?: boolean };

export const apiKeyEndpoints = [
  endpoint({
    method: 'GET',
    path: '/user-api-keys',
    access: clientOrHigher,
    query: ofUser,
    handle: async ({ auth, query }) => {
      assertEnabled(auth, 'user');
      assertOwnUnlessServer(auth, query.user_id, ownOnly);
      return list(auth, 'user', query.user_id === undefined ? null : { projectUserId: query.user_id });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/user-api-keys',
    access: clientOrHigher,
    body: createForUser,
    handle: async ({ auth, body }) => {
      assertEnabled(auth, 'user');
      const { user_id: userId, ...key } = body as CreateBody;
      assertOwnUnlessServer(auth, userId, ownOnly);
      return create(auth, { projectUserId: userId }, key);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/user-api-keys/check',
    access: serverOrHigher,
    body: shownKey,
    handle: async ({ auth, body }) => check(auth, 'user', body.api_key),
  }),
  endpoint({
    method: 'GET',
    path: '/user-api-keys/:api_key_id',
    access: clientOrHigher,
    params: keyId,
    query: ofUser,
    handle: async ({ auth, params }) => json(200, apiKeyView(await visibleKey(auth, 'user', params.api_key_id))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/user-api-keys/:api_key_id',
    access: clientOrHigher,
    params: keyId,
    query: ofUser,
    body: update,
    handle: async ({ auth, params, body }) => change(await visibleKey(auth, 'user', params.api_key_id), body as UpdateBody),
  }),
  endpoint({
    method: 'GET',
    path: '/team-api-keys',
    access: clientOrHigher,
    query: ofTeam,
    handle: async ({ auth, query }) => {
      assertEnabled(auth, 'team');
      if (auth.accessType === 'client') await assertMayManage(auth, query.team_id);
      return list(auth, 'team', query.team_id === undefined ? null : { teamId: query.team_id });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-api-keys',
    access: clientOrHigher,
    body: createForTeam,
    handle: async ({ auth, body }) => {
      assertEnabled(auth, 'team');
      const { team_id: teamId, ...key } = body as CreateBody;
      if (auth.accessType === 'client') await assertMayManage(auth, teamId);
      return create(auth, { teamId }, key);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-api-keys/check',
    access: serverOrHigher,
    body: shownKey,
    handle: async ({ auth, body }) => check(auth, 'team', body.api_key),
  }),
  endpoint({
    method: 'GET',
    path: '/team-api-keys/:api_key_id',
    access: clientOrHigher,
    params: keyId,
    query: ofTeam,
    handle: async ({ auth, params }) => json(200, apiKeyView(await visibleKey(auth, 'team', params.api_key_id))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/team-api-keys/:api_key_id',
    access: clientOrHigher,
    params: keyId,
    query: ofTeam,
    body: update,
    handle: async ({ auth, params, body }) => change(await visibleKey(auth, 'team', params.api_key_id), body as UpdateBody),
  }),
];

function assertEnabled(auth: Auth, type: KeyType): void {
  if (auth.project.config.apiKeys.enabled[type]) return;
  throw new StatusError(400, `${type === 'user' ? 'User' : 'Team'} API keys are not enabled for this project.`);
}

/** A client that may not manage a team's keys is told no more than one that asks for a key that is not there. */
async function assertMayManage(auth: Auth, teamId: string | null | undefined): Promise<void> {
  const user = keyOf(auth);
  try {
    if (teamId === undefined || teamId === null) throw new KnownErrors.ApiKeyNotFound();
    await assertTeamPermission({ user, teamId, permission: '$manage_api_keys', config: auth.project.config });
  } catch (error) {
    if (KnownErrors.TeamMembershipNotFound.isInstance(error) || KnownErrors.TeamPermissionRequired.isInstance(error))
      throw new KnownErrors.ApiKeyNotFound();
    throw error;
  }
}

async function visibleKey(auth: Auth, type: KeyType, id: string): Promise<ProjectApiKey> {
  assertEnabled(auth, type);
  if (auth.accessType === 'client') signedInUser(auth);
  const row = await findKey(auth.tenancyId, type, id);
  if (auth.accessType !== 'client') return row;
  if (type === 'team') await assertMayManage(auth, row.teamId);
  else if (row.projectUserId !== auth.user?.projectUserId) throw new KnownErrors.ApiKeyNotFound();
  return row;
}

async function list(auth: Auth, type: KeyType, owner: KeyOwner | null) {
  const rows = await listKeys(auth.tenancyId, type, owner);
  return json(200, { items: rows.map(apiKeyView), is_paginated: false });
}

async function create(auth: Auth, owner: KeyOwner, body: Pick<CreateBody, 'description' | 'expires_at_millis' | 'is_public'>) {
  assertDescription(body.description);
  const { row, value } = await createKey(auth.tenancyId, owner, {
    description: body.description,
    expiresAtMillis: body.expires_at_millis,
    isPublic: body.is_public ?? false,
  });
  return json(200, createdApiKeyView(row, value));
}

async function change(row: ProjectApiKey, body: UpdateBody) {
  if (body.description !== undefined) assertDescription(body.description);
  return json(200, apiKeyView(await changeKey(row, body)));
}

async function check(auth: Auth, type: KeyType, value: string) {
  assertEnabled(auth, type);
  return json(200, apiKeyView(await checkKey(auth.tenancyId, type, value)));
}

function assertDescription(description: string): void {
  if (description.length > descriptionCharactersMax)
    throw new StatusError(400, `The description has more than ${descriptionCharactersMax} characters.`);
}

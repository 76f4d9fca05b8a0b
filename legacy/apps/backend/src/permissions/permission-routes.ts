import {
  permissionDefinitionIdSchema,
  userIdOrMeSchema,
  yupBoolean,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer } from '../auth/own-user.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import {
  grantProjectPermission,
  grantTeamPermission,
  listProjectPermissions,
  listTeamPermissions,
  revokeProjectPermission,
  revokeTeamPermission,
} from './held-permissions.ts';

const ownOnly = 'Client can only list permissions for their own user. user_id must be either "me" or the ID of the current user';
const noBody = yupObject({}).optional();
const held = {
  user_id: userIdOrMeSchema.optional(),
  permission_id: permissionDefinitionIdSchema.optional(),
  recursive: yupBoolean().default(false),
};
const memberPermission = yupObject({
  team_id: yupString().uuid().defined(),
  user_id: userIdOrMeSchema.defined(),
  permission_id: permissionDefinitionIdSchema.defined(),
}).defined();
const userPermission = yupObject({ user_id: userIdOrMeSchema.defined(), permission_id: permissionDefinitionIdSchema.defined() }).defined();

export const permissionEndpoints = [
  endpoint({
    method: 'GET',
    path: '/team-permissions',
    access: clientOrHigher,
    query: yupObject({ ...held, team_id: yupString().uuid().optional() }).defined(),
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(auth, query.user_id, ownOnly);
      const { user_id: userId, team_id: teamId, permission_id: permissionId, recursive } = query;
      const items = await listTeamPermissions(auth.tenancyId, auth.project.config, { userId, teamId, permissionId, recursive });
      return json(200, { items, is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-permissions/:team_id/:user_id/:permission_id',
    access: serverOrHigher,
    params: memberPermission,
    body: noBody,
    handle: async ({ auth, params }) =>
      json(201, await grantTeamPermission(grantorOf(auth), userOf(auth, params.user_id), params.team_id, params.permission_id)),
  }),
  endpoint({
    method: 'DELETE',
    path: '/team-permissions/:team_id/:user_id/:permission_id',
    access: serverOrHigher,
    params: memberPermission,
    body: noBody,
    handle: async ({ auth, params }) => {
      await revokeTeamPermission(grantorOf(auth), userOf(auth, params.user_id), params.team_id, params.permission_id);
      return json(200, { success: true });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/project-permissions',
    access: clientOrHigher,
    query: yupObject(held).defined(),
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(auth, query.user_id, ownOnly);
      const { user_id: userId, permission_id: permissionId, recursive } = query;
      const items = await listProjectPermissions(auth.tenancyId, auth.project.config, { userId, permissionId, recursive });
      return json(200, { items, is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/project-permissions/:user_id/:permission_id',
    access: serverOrHigher,
    params: userPermission,
    body: noBody,
    handle: async ({ auth, params }) =>
      json(201, await grantProjectPermission(grantorOf(auth), userOf(auth, params.user_id), params.permission_id)),
  }),
  endpoint({
    method: 'DELETE',
    path: '/project-permissions/:user_id/:permission_id',
    access: serverOrHigher,
    params: userPermission,
    body: noBody,
    handle: async ({ auth, params }) => {
      await revokeProjectPermission(grantorOf(auth), userOf(auth, params.user_id), params.permission_id);
      return json(200, { success: true });
    },
  }),
];

function grantorOf(auth: Auth) {
  return { tenancyId: auth.tenancyId, projectId: auth.project.id };
}

function userOf(auth: Auth, userId: string) {
  return { tenancyId: auth.tenancyId, projectUserId: userId };
}

import { currentUserCrud } from '@stackframe/stack-shared/dist/interface/crud/current-user';
import { usersCrud } from '@stackframe/stack-shared/dist/interface/crud/users';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupBoolean, yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { sessionOwner } from '../sessions/sign-in-session.ts';
import { clientOnly, clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json, type Reply } from '../wire/reply.ts';
import { createByServer, type UserCreation } from './create-by-server.ts';
import { deleteUser } from './delete-user.ts';
import { findUser } from './find-user.ts';
import { listUsers } from './list-users.ts';
import { updateUser } from './update-user.ts';
import { clientUser, serverUser, type UserRow } from './user.ts';
import { assertUserChangeAllowed, type UserChange } from './user-change.ts';

const userId = yupObject({ user_id: userIdOrMeSchema.defined() }).defined();
const clientUpdate = schemaOf(currentUserCrud.client.updateSchema);
const serverUpdate = schemaOf(usersCrud.server.updateSchema);
const serverCreate = schemaOf(usersCrud.server.createSchema);

export const userEndpoints = [
  endpoint({
    method: 'GET',
    path: '/users/me',
    access: clientOrHigher,
    handle: async ({ auth }) => json(200, visibleUser(auth, ownUser(auth))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/users/me',
    access: clientOnly,
    body: clientUpdate,
    handle: async ({ auth, body }) => changeUser(auth, ownUser(auth).projectUserId, body as UserChange),
  }),
  endpoint({
    method: 'PATCH',
    path: '/users/me',
    access: serverOrHigher,
    body: serverUpdate,
    handle: async ({ auth, body }) => changeUser(auth, ownUser(auth).projectUserId, body as UserChange),
  }),
  endpoint({
    method: 'DELETE',
    path: '/users/me',
    access: clientOrHigher,
    handle: async ({ auth }) => {
      const user = ownUser(auth);
      if (auth.accessType === 'client' && !auth.project.config.users.allowClientUserDeletion) {
        throw new StatusError(400, 'Client user deletion is not enabled for this project');
      }
      return removeUser(auth, user.projectUserId);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/users',
    access: serverOrHigher,
    query: yupObject({
      team_id: yupString().uuid().optional(),
      limit: yupNumber().integer().min(1).optional(),
      cursor: yupString().uuid().optional(),
      order_by: yupString().oneOf(['signed_up_at', 'last_active_at']).default('signed_up_at'),
      desc: yupBoolean().default(false),
      query: yupString().optional(),
      include_restricted: yupBoolean().default(false),
      include_anonymous: yupBoolean().default(false),
      only_anonymous: yupBoolean().default(false),
    }).defined(),
    handle: async ({ auth, query }) => {
      const page = await listUsers(
        { tenancyId: auth.tenancyId, config: auth.project.config },
        {
          teamId: query.team_id,
          limit: query.limit,
          cursor: query.cursor,
          orderBy: query.order_by === 'last_active_at' ? 'last_active_at' : 'signed_up_at',
          desc: query.desc,
          query: query.query,
          includeRestricted: query.include_restricted,
          includeAnonymous: query.include_anonymous,
          onlyAnonymous: query.only_anonymous,
        },
      );
      const items = page.rows.map((row) => serverUser(row, auth.project.config));
      return json(200, { items, is_paginated: true, pagination: { next_cursor: page.nextCursor } });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/users',
    access: serverOrHigher,
    body: serverCreate,
    handle: async ({ auth, body }) => makeUser(auth, body as UserCreation),
  }),
  endpoint({
    method: 'GET',
    path: '/users/:user_id',
    access: serverOrHigher,
    params: userId,
    handle: async ({ auth, params }) => {
      const row = await findUser({ tenancyId: auth.tenancyId, projectUserId: params.user_id });
      if (row === null) throw new KnownErrors.UserNotFound();
      return json(200, serverUser(row, auth.project.config));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/users/:user_id',
    access: serverOrHigher,
    params: userId,
    body: serverUpdate,
    handle: async ({ auth, params, body }) => changeUser(auth, params.user_id, body as UserChange),
  }),
  endpoint({
    method: 'DELETE',
    path: '/users/:user_id',
    access: serverOrHigher,
    params: userId,
    handle: async ({ auth, params }) => removeUser(auth, params.user_id),
  }),
];

function ownUser(auth: Auth): UserRow {
  if (auth.user === undefined) throw new KnownErrors.CannotGetOwnUserWithoutUser();
  return auth.user;
}

function visibleUser(auth: Auth, row: UserRow) {
  return auth.accessType === 'client' ? clientUser(row, auth.project.config) : serverUser(row, auth.project.config);
}

async function changeUser(auth: Auth, projectUserId: string, change: UserChange): Promise<Reply> {
  assertUserChangeAllowed(change, auth.accessType);
  return json(200, visibleUser(auth, await updateUser(sessionOwner(auth), projectUserId, change)));
}

async function makeUser(auth: Auth, creation: UserCreation): Promise<Reply> {
  assertUserChangeAllowed(creation, auth.accessType);
  const row = await createByServer(sessionOwner(auth), creation);
  // Clients saw the answer to a creation without the personal team, and rely on nothing else.
  return json(201, { ...serverUser(row, auth.project.config), selected_team_id: null, selected_team: null });
}

async function removeUser(auth: Auth, projectUserId: string): Promise<Reply> {
  await deleteUser(sessionOwner(auth), projectUserId);
  return json(200, { success: true });
}

/** The published schemas are typed for the published clients; here they are only ever run. */
function schemaOf(schema: unknown): AnySchema {
  return schema as AnySchema;
}

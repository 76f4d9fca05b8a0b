import { teamsCrud } from '@stackframe/stack-shared/dist/interface/crud/teams';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupBoolean, yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { tenancyOf } from '../auth/branch-of.ts';
import { assertOwnUnlessServer, keyOf, signedInUser } from '../auth/own-user.ts';
import { database } from '../database.ts';
import { assertTeamMember, assertTeamPermission } from '../permissions/team-permission.ts';
import { assertMetadataSize } from '../users/metadata.ts';
import { assertProfileImageAllowed } from '../users/profile-image.ts';
import { clientOnly, clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { deleteTeam, findTeam, type TeamChange, updateTeam } from './change-team.ts';
import { createTeam, type NewTeam } from './create-team.ts';
import { holdUser } from './hold-member.ts';
import { listTeams } from './list-teams.ts';
import { clientTeam, serverTeam } from './team.ts';

const teamId = yupObject({ team_id: yupString().uuid().defined() }).defined();
const clientCreate = teamsCrud.client.createSchema as AnySchema;
const clientUpdate = teamsCrud.client.updateSchema as AnySchema;
const serverCreate = teamsCrud.server.createSchema as AnySchema;
const serverUpdate = teamsCrud.server.updateSchema as AnySchema;
/** Deprecated, for `creator_user_id: "me"`. */
const creation = yupObject({ add_current_user: yupBoolean().optional() }).defined();
const pageMax = 200;

type TeamBody = {
  display_name?: string;
  profile_image_url?: string | null;
  client_metadata?: unknown;
  client_read_only_metadata?: unknown;
  server_metadata?: unknown;
  creator_user_id?: string;
};

export const teamEndpoints = [
  endpoint({
    method: 'GET',
    path: '/teams',
    access: clientOrHigher,
    query: yupObject({
      user_id: userIdOrMeSchema.optional(),
      order_by: yupString().oneOf(['created_at']).default('created_at'),
      desc: yupBoolean().default(false),
      cursor: yupString().uuid().optional(),
      limit: yupNumber().integer().min(1).max(pageMax).optional(),
      query: yupString().max(200).optional(),
    }).defined(),
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(
        auth,
        query.user_id,
        'Client can only list teams for their own user. user_id must be either "me" or the ID of the current user',
      );
      const { user_id: userId, desc, cursor, limit, query: words } = query;
      const page = await listTeams(auth.tenancyId, { userId, desc, cursor, limit, words });
      const items = page.rows.map(auth.accessType === 'client' ? clientTeam : serverTeam);
      if (limit === undefined) return json(200, { items, is_paginated: false });
      return json(200, { items, is_paginated: true, pagination: { next_cursor: page.nextCursor } });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/teams',
    access: clientOnly,
    query: creation,
    body: clientCreate,
    handle: async ({ auth, body }) => {
      const user = signedInUser(auth);
      const { creator_user_id: creator, ...team } = body as TeamBody;
      if (!auth.project.config.teams.allowClientTeamCreation)
        throw new StatusError(403, 'Client team creation is disabled for this project');
      const creatorId = await creatorOf(auth, creator);
      if (creatorId !== undefined && creatorId !== user.projectUserId)
        throw new StatusError(403, 'You cannot create a team as a user that is not yourself');
      return json(201, clientTeam(await create(auth, newTeam(auth, team), user.projectUserId)));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/teams',
    access: serverOrHigher,
    query: creation,
    body: serverCreate,
    handle: async ({ auth, query, body }) => {
      const { creator_user_id: creator, ...team } = body as TeamBody;
      const creatorId = query.add_current_user === true ? signedInUser(auth).projectUserId : await creatorOf(auth, creator);
      return json(201, serverTeam(await create(auth, newTeam(auth, team), creatorId ?? null)));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/teams/:team_id',
    access: clientOrHigher,
    params: teamId,
    handle: async ({ auth, params }) => {
      if (auth.accessType === 'client') await assertTeamMember(keyOf(auth), params.team_id);
      const row = await findTeam(auth.tenancyId, params.team_id);
      return json(200, auth.accessType === 'client' ? clientTeam(row) : serverTeam(row));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/teams/:team_id',
    access: clientOnly,
    params: teamId,
    body: clientUpdate,
    handle: async ({ auth, params, body }) => {
      await assertMay(auth, params.team_id, '$update_team');
      return json(200, clientTeam(await updateTeam(tenancyOf(auth), params.team_id, changeOf(auth, body as TeamBody))));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/teams/:team_id',
    access: serverOrHigher,
    params: teamId,
    body: serverUpdate,
    handle: async ({ auth, params, body }) =>
      json(200, serverTeam(await updateTeam(tenancyOf(auth), params.team_id, changeOf(auth, body as TeamBody)))),
  }),
  endpoint({
    method: 'DELETE',
    path: '/teams/:team_id',
    access: clientOrHigher,
    params: teamId,
    body: yupObject({}).optional(),
    handle: async ({ auth, params }) => {
      if (auth.accessType === 'client') await assertMay(auth, params.team_id, '$delete_team');
      await deleteTeam({ ...tenancyOf(auth), branchId: auth.branchId }, params.team_id);
      return json(200, { success: true });
    },
  }),
];

function assertMay(auth: Auth, id: string, permission: '$update_team' | '$delete_team'): Promise<void> {
  return assertTeamPermission({ user: keyOf(auth), teamId: id, permission, config: auth.project.config });
}

/** The published schema takes `me` for the creator, but leaves it as it is. */
async function creatorOf(auth: Auth, creator: string | undefined): Promise<string | undefined> {
  return creator === 'me' ? signedInUser(auth).projectUserId : creator;
}

async function create(auth: Auth, team: NewTeam, creatorId: string | null) {
  const owner = tenancyOf(auth);
  return database().$transaction(async (tx) => {
    if (creatorId !== null) {
      await holdUser(tx, { tenancyId: auth.tenancyId, projectUserId: creatorId }).catch((error: unknown) => {
        throw KnownErrors.UserNotFound.isInstance(error) ? new KnownErrors.UserIdDoesNotExist(creatorId) : error;
      });
    }
    return createTeam(tx, owner, team, creatorId);
  });
}

function newTeam(auth: Auth, body: TeamBody): NewTeam {
  return { ...changeOf(auth, body), displayName: body.display_name ?? '' };
}

/** What the schema cannot say is checked here. Throws a 400. */
function changeOf(auth: Auth, body: TeamBody): TeamChange {
  assertMetadataSize(body);
  assertProfileImageAllowed(body.profile_image_url, auth.accessType);
  return {
    displayName: body.display_name,
    profileImageUrl: body.profile_image_url,
    clientMetadata: body.client_metadata,
    clientReadOnlyMetadata: body.client_read_only_metadata,
    serverMetadata: body.server_metadata,
  };
}

import { teamMemberProfilesCrudClientUpdateSchema } from '@stackframe/stack-shared/dist/interface/crud/team-member-profiles';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { keyOf } from '../auth/own-user.ts';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { assertTeamMember, assertTeamPermission } from '../permissions/team-permission.ts';
import { assertProfileImageAllowed } from '../users/profile-image.ts';
import { serverUser, userInclude } from '../users/user.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';

const rowsMax = 10_000;
const memberInclude = { user: { include: userInclude } } satisfies Prisma.TeamMemberInclude;
type MemberRow = Prisma.TeamMemberGetPayload<{ include: typeof memberInclude }>;
const member = yupObject({ team_id: yupString().uuid().defined(), user_id: userIdOrMeSchema.defined() }).defined();

export const profileEndpoints = [
  endpoint({
    method: 'GET',
    path: '/team-member-profiles',
    access: clientOrHigher,
    query: yupObject({ team_id: yupString().uuid().optional(), user_id: userIdOrMeSchema.optional() }).defined(),
    handle: async ({ auth, query }) => {
      await assertMayList(auth, query.team_id, query.user_id);
      const rows = await database().teamMember.findMany({
        relationLoadStrategy: 'join',
        where: {
          tenancyId: auth.tenancyId,
          ...(query.team_id === undefined ? {} : { teamId: query.team_id }),
          ...(query.user_id === undefined ? {} : { projectUserId: query.user_id }),
        },
        orderBy: [{ createdAt: 'asc' }, { teamId: 'asc' }, { projectUserId: 'asc' }],
        include: memberInclude,
        take: rowsMax,
      });
      return json(200, { items: rows.map((row) => profile(auth, row)), is_paginated: false });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/team-member-profiles/:team_id/:user_id',
    access: clientOrHigher,
    params: member,
    handle: async ({ auth, params }) => {
      await assertMayList(auth, params.team_id, params.user_id);
      return json(200, profile(auth, await findMember(auth, params.team_id, params.user_id)));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/team-member-profiles/:team_id/:user_id',
    access: clientOrHigher,
    params: member,
    body: teamMemberProfilesCrudClientUpdateSchema,
    handle: async ({ auth, params, body }) => {
      if (auth.accessType === 'client' && keyOf(auth).projectUserId !== params.user_id)
        throw new StatusError(403, "Cannot update another user's profile");
      assertProfileImageAllowed(body.profile_image_url, auth.accessType);
      const { count } = await database().teamMember.updateMany({
        where: { tenancyId: auth.tenancyId, teamId: params.team_id, projectUserId: params.user_id },
        data: {
          ...(body.display_name === undefined ? {} : { displayName: body.display_name || null }),
          ...(body.profile_image_url === undefined ? {} : { profileImageUrl: body.profile_image_url }),
        },
      });
      if (count === 0) throw new KnownErrors.TeamMembershipNotFound(params.team_id, params.user_id);
      return json(200, profile(auth, await findMember(auth, params.team_id, params.user_id)));
    },
  }),
];

/** A client sees its own profiles, and those of a team in which it may read the members. */
async function assertMayList(auth: Auth, teamId: string | undefined, userId: string | undefined): Promise<void> {
  if (auth.accessType !== 'client') return;
  const user = keyOf(auth);
  if (userId === user.projectUserId) {
    if (teamId !== undefined) await assertTeamMember(user, teamId);
    return;
  }
  if (teamId === undefined) throw new StatusError(400, 'team_id is required when user_id is not the current user');
  await assertTeamPermission({ user, teamId, permission: '$read_members', config: auth.project.config });
}

async function findMember(auth: Auth, teamId: string, projectUserId: string): Promise<MemberRow> {
  const row = await database().teamMember.findUnique({
    relationLoadStrategy: 'join',
    where: { tenancyId_projectUserId_teamId: { tenancyId: auth.tenancyId, projectUserId, teamId } },
    include: memberInclude,
  });
  if (row === null) throw new KnownErrors.TeamMembershipNotFound(teamId, projectUserId);
  return row;
}

/** What a member is called in the team: where nothing was chosen, what the user is called everywhere. */
function profile(auth: Auth, row: MemberRow) {
  const shown = {
    team_id: row.teamId,
    user_id: row.projectUserId,
    display_name: row.displayName ?? row.user.displayName,
    profile_image_url: row.profileImageUrl ?? row.user.profileImageUrl,
  };
  return auth.accessType === 'client' ? shown : { ...shown, user: serverUser(row.user, auth.project.config) };
}

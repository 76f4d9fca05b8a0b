import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { tenancyOf } from '../auth/branch-of.ts';
import { keyOf } from '../auth/own-user.ts';
import { database } from '../database.ts';
import { assertTeamPermission } from '../permissions/team-permission.ts';
import { tell } from '../webhooks/tell.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { addMember } from './create-team.ts';
import { holdTeam, holdUser } from './hold-member.ts';

const membership = yupObject({ team_id: yupString().uuid().defined(), user_id: userIdOrMeSchema.defined() }).defined();
const noBody = yupObject({}).optional();

/** No rule keeps a team's last admin, or its last member: servers look after teams that nobody may change any more. */
export const membershipEndpoints = [
  endpoint({
    method: 'POST',
    path: '/team-memberships/:team_id/:user_id',
    access: serverOrHigher,
    params: membership,
    body: noBody,
    handle: async ({ auth, params }) => {
      const { team_id: teamId, user_id: projectUserId } = params;
      await database().$transaction(async (tx) => {
        await holdTeam(tx, auth.tenancyId, teamId);
        await holdUser(tx, { tenancyId: auth.tenancyId, projectUserId });
        const owner = tenancyOf(auth);
        await addMember(tx, owner, { teamId, projectUserId, role: 'member' });
      });
      return json(201, { team_id: teamId, user_id: projectUserId });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/team-memberships/:team_id/:user_id',
    access: clientOrHigher,
    params: membership,
    body: noBody,
    handle: async ({ auth, params }) => {
      const { team_id: teamId, user_id: projectUserId } = params;
      if (auth.accessType === 'client') {
        const user = keyOf(auth);
        if (user.projectUserId !== projectUserId)
          await assertTeamPermission({ user, teamId, permission: '$remove_members', config: auth.project.config });
      }
      await database().$transaction(async (tx) => {
        const { count } = await tx.teamMember.deleteMany({ where: { tenancyId: auth.tenancyId, teamId, projectUserId } });
        if (count === 0) throw new KnownErrors.TeamMembershipNotFound(teamId, projectUserId);
        await tell(tx, auth.project.id, 'team_membership.deleted', { team_id: teamId, user_id: projectUserId });
      });
      return json(200, { success: true });
    },
  }),
];

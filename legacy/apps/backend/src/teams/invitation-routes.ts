import {
  emailSchema,
  teamInvitationCallbackUrlSchema,
  userIdOrMeSchema,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { assertOwnUnlessServer, keyOf, signedInUser } from '../auth/own-user.ts';
import { checkCode, codeLength } from '../codes/verification-code.ts';
import type { SystemPermission } from '../permissions/system-permissions.ts';
import { assertTeamPermission } from '../permissions/team-permission.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { findTeam } from './change-team.ts';
import {
  acceptByCode,
  acceptById,
  type Inviter,
  invitationOf,
  invitationsOfTeam,
  invitationsOfUser,
  invite,
  revokeInvitation,
} from './invitations.ts';

const code = yupObject({ code: yupString().length(codeLength).defined() }).defined();
const invitationId = yupObject({ id: yupString().uuid().defined() }).defined();
const ownOnly = 'Client can only list invitations for their own user.';

export const invitationEndpoints = [
  endpoint({
    method: 'GET',
    path: '/team-invitations',
    access: clientOrHigher,
    query: yupObject({ team_id: yupString().uuid().optional(), user_id: userIdOrMeSchema.optional() }).defined(),
    handle: async ({ auth, query }) => {
      const { team_id: teamId, user_id: userId } = query;
      if ((teamId === undefined) === (userId === undefined))
        throw new StatusError(400, 'Exactly one of team_id or user_id must be provided');
      if (teamId === undefined) {
        assertOwnUnlessServer(auth, userId, ownOnly);
        return json(200, { items: await invitationsOfUser(inviterOf(auth), userId ?? ''), is_paginated: false });
      }
      await assertMay(auth, teamId, '$read_members', '$invite_members');
      return json(200, { items: await invitationsOfTeam(inviterOf(auth), teamId), is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-invitations/send-code',
    access: clientOrHigher,
    body: yupObject({
      team_id: yupString().uuid().defined(),
      email: emailSchema.defined(),
      callback_url: teamInvitationCallbackUrlSchema.defined(),
    }).defined(),
    handle: async ({ auth, body }) => {
      await assertMay(auth, body.team_id, '$invite_members');
      assertRedirectUrlAllowed(body.callback_url, auth.project.config.domains);
      const { id } = await invite(inviterOf(auth), { teamId: body.team_id, email: body.email, callbackUrl: body.callback_url });
      return json(200, { success: true, id });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-invitations/accept',
    access: clientOrHigher,
    body: code,
    handle: async ({ auth, body }) => {
      const user = signedInUser(auth);
      await acceptByCode(inviterOf(auth), user, await checkInvitation(auth, body.code));
      return json(200, {});
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-invitations/accept/check-code',
    access: clientOrHigher,
    body: code,
    handle: async ({ auth, body }) => {
      signedInUser(auth);
      await checkInvitation(auth, body.code);
      return json(200, { is_code_valid: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-invitations/accept/details',
    access: clientOrHigher,
    body: code,
    handle: async ({ auth, body }) => {
      signedInUser(auth);
      const { teamId } = invitationOf(await checkInvitation(auth, body.code));
      const team = await findTeam(auth.tenancyId, teamId);
      return json(200, { team_id: team.teamId, team_display_name: team.displayName });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/team-invitations/:id',
    access: clientOrHigher,
    params: invitationId,
    query: yupObject({ team_id: yupString().uuid().defined() }).defined(),
    body: yupObject({}).optional(),
    handle: async ({ auth, params, query }) => {
      await assertMay(auth, query.team_id, '$remove_members');
      await revokeInvitation(inviterOf(auth), query.team_id, params.id);
      return json(200, { success: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/team-invitations/:id/accept',
    access: clientOrHigher,
    params: invitationId,
    query: yupObject({ user_id: userIdOrMeSchema.defined() }).defined(),
    body: yupObject({}).optional(),
    handle: async ({ auth, params, query }) => {
      assertOwnUnlessServer(auth, query.user_id, 'Client can only accept invitations for their own user.');
      await acceptById(inviterOf(auth), { tenancyId: auth.tenancyId, projectUserId: query.user_id }, params.id);
      return json(200, {});
    },
  }),
];

function inviterOf(auth: Auth): Inviter {
  const { id: projectId, displayName, config } = auth.project;
  return { tenancyId: auth.tenancyId, projectId, branchId: auth.branchId, displayName, config };
}

function checkInvitation(auth: Auth, typed: string) {
  return checkCode(branchOf(auth), 'TEAM_INVITATION', typed);
}

async function assertMay(auth: Auth, teamId: string, ...permissions: SystemPermission[]): Promise<void> {
  if (auth.accessType !== 'client') return;
  for (const permission of permissions) await assertTeamPermission({ user: keyOf(auth), teamId, permission, config: auth.project.config });
}

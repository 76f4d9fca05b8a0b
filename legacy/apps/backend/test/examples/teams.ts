import type { Examples } from '../example.ts';
import { freshEmail } from '../legacy.ts';
import type { Person, World } from '../world.ts';

const callback = 'http://localhost:3000/join';

export const teamExamples: Examples = {
  'GET /teams': async (world) => {
    const user = await world.signUp();
    await world.createTeam(user);
    return { user, query: { user_id: user.userId } };
  },
  'POST /teams': {
    isAlone: true,
    make: async (world, _access, caller) => ({
      ...(caller === world ? { user: await world.signUp() } : { user: await caller.signUp() }),
      body: { display_name: 'New' },
    }),
  },
  'GET /teams/:team_id': ownTeam,
  'PATCH /teams/:team_id': async (world) => ({ ...(await ownTeam(world)), body: { display_name: 'Changed' } }),
  'DELETE /teams/:team_id': ownTeam,
  'POST /team-memberships/:team_id/:user_id': async (world) => {
    const { params } = await ownTeam(world);
    return { params: { ...params, user_id: (await world.signUp()).userId } };
  },
  'DELETE /team-memberships/:team_id/:user_id': ownMembership,
  'GET /team-member-profiles': async (world) => {
    const { user, params } = await ownMembership(world);
    return { user, query: params };
  },
  'GET /team-member-profiles/:team_id/:user_id': ownMembership,
  'PATCH /team-member-profiles/:team_id/:user_id': async (world) => ({ ...(await ownMembership(world)), body: { display_name: 'Here' } }),
  'GET /team-invitations': async (world) => {
    const { user, params } = await ownTeam(world);
    return { user, query: params };
  },
  'POST /team-invitations/send-code': async (world) => {
    const { user, params } = await ownTeam(world);
    return { user, body: { team_id: params.team_id, email: freshEmail(), callback_url: callback } };
  },
  'POST /team-invitations/accept': openInvitation,
  'POST /team-invitations/accept/check-code': openInvitation,
  'POST /team-invitations/accept/details': openInvitation,
  'DELETE /team-invitations/:id': async (world) => {
    const { user, params } = await ownTeam(world);
    const invited = await invite(world, user, params.team_id, freshEmail());
    return { user, params: { id: invited }, query: { team_id: params.team_id } };
  },
  'POST /team-invitations/:id/accept': async (world) => {
    const { user, params } = await ownTeam(world);
    const invitee = await world.signUp();
    await world.legacy.admin.query(`update "ContactChannel" set "isVerified" = true where "projectUserId" = $1`, [invitee.userId]);
    const invited = await invite(world, user, params.team_id, invitee.email);
    return { user: invitee, params: { id: invited }, query: { user_id: invitee.userId } };
  },
  'GET /team-permissions': async (world) => {
    const { user, params } = await ownMembership(world);
    return { user, query: { ...params, recursive: 'true' } };
  },
  'POST /team-permissions/:team_id/:user_id/:permission_id': async (world) => {
    const { params } = await ownMembership(world);
    return { params: { ...params, permission_id: 'reader' } };
  },
  'DELETE /team-permissions/:team_id/:user_id/:permission_id': async (world) => {
    const { params } = await ownMembership(world);
    return { params: { ...params, permission_id: 'team_admin' } };
  },
  'GET /project-permissions': async (world) => {
    const user = await world.signUp();
    return { user, query: { user_id: user.userId } };
  },
  'POST /project-permissions/:user_id/:permission_id': async (world) => ({
    params: { user_id: (await world.signUp()).userId, permission_id: 'subscriber' },
  }),
  'DELETE /project-permissions/:user_id/:permission_id': async (world) => {
    const { userId } = await world.signUp();
    await world.must('server', 'POST', `/project-permissions/${userId}/subscriber`, { body: {} });
    return { params: { user_id: userId, permission_id: 'subscriber' } };
  },
  'GET /team-permission-definitions': { isAlone: true, make: async () => ({}) },
  'POST /team-permission-definitions': { isAlone: true, make: async () => ({ body: { id: freshId() } }) },
  'PATCH /team-permission-definitions/:permission_id': (world) => definition(world, 'team'),
  'DELETE /team-permission-definitions/:permission_id': async (world) => ({ params: (await definition(world, 'team')).params }),
  'GET /project-permission-definitions': { isAlone: true, make: async () => ({}) },
  'POST /project-permission-definitions': { isAlone: true, make: async () => ({ body: { id: freshId() } }) },
  'PATCH /project-permission-definitions/:permission_id': (world) => definition(world, 'project'),
  'DELETE /project-permission-definitions/:permission_id': async (world) => ({ params: (await definition(world, 'project')).params }),
};

let ids = 0;
function freshId(): string {
  ids += 1;
  return `made_${ids}`;
}

async function ownTeam(world: World): Promise<{ user: Person; params: { team_id: string } }> {
  const user = await world.signUp();
  return { user, params: { team_id: (await world.createTeam(user)).id } };
}

async function ownMembership(world: World) {
  const { user, params } = await ownTeam(world);
  return { user, params: { ...params, user_id: user.userId } };
}

async function invite(world: World, user: Person, teamId: string, email: string): Promise<string> {
  const sent = await world.must('client', 'POST', '/team-invitations/send-code', {
    user,
    body: { team_id: teamId, email, callback_url: callback },
  });
  return String(sent['id']);
}

async function openInvitation(world: World) {
  const { user, params } = await ownTeam(world);
  const invitee = await world.signUp();
  await invite(world, user, params.team_id, invitee.email);
  return { user: invitee, body: { code: await world.newestCode('TEAM_INVITATION') } };
}

async function definition(world: World, scope: 'team' | 'project') {
  const id = freshId();
  await world.must('admin', 'POST', `/${scope}-permission-definitions`, { body: { id } });
  return { params: { permission_id: id }, body: { description: 'Changed' } };
}

import { must } from '../caller.ts';
import { appUrl, type Member, signUp, type World } from '../world.ts';

/** A team from its making to its end, with a second person who is invited, joins and leaves. */
export async function teamCalls(world: World): Promise<void> {
  await world.caller.group('teams', async () => {
    const owner = await signUp(world, 'tim');
    const guest = await signUp(world, 'gus', { verified: true });
    await team(world, owner, guest);
  });
}

async function team(world: World, owner: Member, guest: Member): Promise<void> {
  const { caller } = world;
  const { user } = owner;
  const made = await caller.call('user.createTeam', () => user.createTeam({ displayName: 'T' }));
  await caller.call('user.listTeams', () => user.listTeams());
  await caller.call('user.getTeam', () => user.getTeam(must(made, 'team').id));
  await caller.call('user.setSelectedTeam', () => user.setSelectedTeam(must(made, 'team')));
  await caller.call('team.update', () => must(made, 'team').update({ displayName: 'T2' }));
  await invitationByMail(world, must(made, 'team'), guest);
  await caller.call('team.listUsers', () => must(made, 'team').listUsers());
  const profile = await caller.call('user.getTeamProfile', () => user.getTeamProfile(must(made, 'team')));
  await caller.call('teamProfile.update', () => must(profile, 'profile').update({ displayName: 'Tim of T' }));
  await caller.call('user.hasPermission(team)', () => user.hasPermission(must(made, 'team'), '$update_team'));
  await caller.call('user.getPermission(team)', () => user.getPermission(must(made, 'team'), '$delete_team'));
  await caller.call('user.listPermissions(team)', () => user.listPermissions(must(made, 'team')));
  await caller.call('user.listPermissions()', () => user.listPermissions());
  await caller.call('user.hasPermission()', () => user.hasPermission('nothing_at_all'));
  await teamKeys(world, must(made, 'team'));
  const joined = (await guest.user.listTeams()).find(({ id }) => id === made?.id);
  await caller.call('user.leaveTeam', () => guest.user.leaveTeam(must(joined, 'team the guest joined')));
  await invitationInApp(world, must(made, 'team'), guest);
  await caller.call('team.delete', () => must(made, 'team').delete());
}

type SdkTeam = Awaited<ReturnType<Member['user']['createTeam']>>;

async function invitationByMail(world: World, made: SdkTeam, guest: Member): Promise<void> {
  const { caller, mails } = world;
  await caller.call('team.inviteUser', () => made.inviteUser({ email: guest.email, callbackUrl: `${appUrl}/i` }));
  await caller.call('team.listInvitations', () => made.listInvitations());
  const code = await mails.code(guest.email, 'invited to join');
  await caller.call('client.verifyTeamInvitationCode', () => guest.app.verifyTeamInvitationCode(code));
  await caller.call('client.getTeamInvitationDetails', () => guest.app.getTeamInvitationDetails(code));
  await caller.call('client.acceptTeamInvitation', () => guest.app.acceptTeamInvitation(code));
}

async function invitationInApp(world: World, made: SdkTeam, guest: Member): Promise<void> {
  const { caller } = world;
  await made.inviteUser({ email: guest.email, callbackUrl: `${appUrl}/i` });
  const received = await caller.call('user.listTeamInvitations', () => guest.user.listTeamInvitations());
  await caller.call('receivedInvitation.accept', () => must(received?.[0], 'invitation').accept());
  await made.inviteUser({ email: `third-${world.run}@example.com`, callbackUrl: `${appUrl}/i` });
  const sent = (await made.listInvitations()).find(({ recipientEmail }) => recipientEmail?.startsWith('third-'));
  await caller.call('sentInvitation.revoke', () => must(sent, 'invitation sent').revoke());
}

async function teamKeys(world: World, made: SdkTeam): Promise<void> {
  const { caller } = world;
  await caller.call('team.createApiKey', () => made.createApiKey({ description: 'd', expiresAt: new Date(1_900_000_000_000) }));
  const keys = await caller.call('team.listApiKeys', () => made.listApiKeys());
  await caller.call('teamApiKey.revoke', () => must(keys?.[0], 'team key').revoke());
}

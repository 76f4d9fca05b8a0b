import type { ServerTeam, ServerUser } from 'stack-js-2.8.108';
import { must } from '../caller.ts';
import { appUrl, emailOf, password, signUp, type World } from '../world.ts';
import { projectPermission, teamPermission } from './permissions.ts';

const session = { expiresInMillis: 3_600_000, isImpersonation: true };

/** What a backend does with the secret server key. */
export async function serverCalls(world: World): Promise<void> {
  const { caller } = world;
  const server = world.sdk.createServer(world.target);
  await caller.group('a user of the server', async () => {
    const primaryEmail = emailOf(world, 'bob');
    const user = await caller.call('server.createUser', () => server.createUser({ primaryEmail, password, primaryEmailAuthEnabled: true }));
    const bob = must(user, 'user');
    for (const [name, calls] of Object.entries({ users, teams, rights, belongings }))
      await caller.group(`${name} of the server`, () => calls(world, bob));
    await caller.call('serverUser.delete', () => bob.delete());
  });
  await caller.group('the server’s own user', () => ownUser(world));
  await caller.group('data vault', () => vault(world));
}

async function users(world: World, bob: ServerUser): Promise<void> {
  const { caller } = world;
  const server = world.sdk.createServer(world.target);
  await caller.call('server.getUser(id)', () => server.getUser(bob.id));
  await caller.call('server.listUsers', () =>
    server.listUsers({ limit: 10, desc: true, orderBy: 'signedUpAt', query: `bob-${world.run}` }),
  );
  await caller.call('serverUser.update', () => bob.update({ displayName: 'X', serverMetadata: { a: 1 } }));
  await caller.call('serverUser.setPrimaryEmail', () => bob.setPrimaryEmail(emailOf(world, 'robert'), { verified: true }));
  await caller.call('serverUser.createSession', async () => (await bob.createSession(session)).getTokens());
  await bob.createSession({ expiresInMillis: session.expiresInMillis });
  const sessions = await caller.call('serverUser.getActiveSessions', () => bob.getActiveSessions());
  await caller.call('serverUser.revokeSession', () => bob.revokeSession(must(sessions?.[0], 'session').id));
}

async function teams(world: World, bob: ServerUser): Promise<void> {
  const { caller } = world;
  const server = world.sdk.createServer(world.target);
  const own = await caller.call('serverUser.createTeam', () => bob.createTeam({ displayName: 'T' }));
  const made = await caller.call('server.createTeam', () => server.createTeam({ displayName: 'T', creatorUserId: bob.id }));
  const team = must(made, 'team');
  await caller.call('server.getTeam(id)', () => server.getTeam(team.id));
  await caller.call('server.listTeams', async () => (await server.listTeams()).map(({ displayName }) => displayName));
  await caller.call('serverUser.listTeams', async () => (await bob.listTeams()).map(({ displayName }) => displayName).sort());
  const cat = await server.createUser({ primaryEmail: emailOf(world, 'cat') });
  await caller.call('serverTeam.addUser', () => team.addUser(cat.id));
  await caller.call('serverTeam.listUsers', () => team.listUsers());
  await caller.call('serverTeam.inviteUser', () => team.inviteUser({ email: emailOf(world, 'dan'), callbackUrl: `${appUrl}/i` }));
  await caller.call('serverTeam.listInvitations', () => team.listInvitations());
  await caller.call('serverTeam.removeUser', () => team.removeUser(cat.id));
  await caller.call('serverTeam.update', () => team.update({ displayName: 'B', serverMetadata: { x: 1 } }));
  await teamRights(world, bob, team);
  await caller.call('serverTeam.delete', () => must(own, 'own team').delete());
}

async function teamRights(world: World, bob: ServerUser, team: ServerTeam): Promise<void> {
  const { caller } = world;
  await caller.call('serverUser.grantPermission(team)', () => bob.grantPermission(team, teamPermission));
  await caller.call('serverUser.listPermissions(team)', () => bob.listPermissions(team));
  await caller.call('serverUser.hasPermission(team)', () => bob.hasPermission(team, teamPermission));
  await caller.call('serverUser.revokePermission(team)', () => bob.revokePermission(team, teamPermission));
}

async function rights(world: World, bob: ServerUser): Promise<void> {
  const { caller } = world;
  await caller.call('serverUser.grantPermission(project)', () => bob.grantPermission(projectPermission));
  await caller.call('serverUser.listPermissions()', () => bob.listPermissions());
  await caller.call('serverUser.revokePermission(project)', () => bob.revokePermission(projectPermission));
}

async function belongings(world: World, bob: ServerUser): Promise<void> {
  const { caller } = world;
  const server = world.sdk.createServer(world.target);
  await caller.call('serverUser.listContactChannels', () => bob.listContactChannels());
  await caller.call('serverUser.createContactChannel', () =>
    bob.createContactChannel({ type: 'email', value: emailOf(world, 'bob2'), isVerified: true, usedForAuth: true }),
  );
  await caller.call('server.createOAuthProvider', () =>
    server.createOAuthProvider({
      userId: bob.id,
      providerConfigId: 'github',
      accountId: `gh-${world.run}`,
      email: emailOf(world, 'bob-at-github'),
      allowSignIn: true,
      allowConnectedAccounts: true,
    }),
  );
  await caller.call('serverUser.listConnectedAccounts', () => bob.listConnectedAccounts());
  const linked = await caller.call('serverUser.listOAuthProviders', () => bob.listOAuthProviders());
  await caller.call('serverOAuthProvider.update', () => must(linked?.[0], 'provider').update({ allowSignIn: false }));
  const key = await caller.call('serverUser.createApiKey', () =>
    bob.createApiKey({ description: 'd', expiresAt: new Date(1_900_000_000_000) }),
  );
  await caller.call('server.getUser({apiKey})', () => server.getUser({ apiKey: must(key, 'key').value }));
  await caller.call('server.sendEmail', () =>
    server.sendEmail({ userIds: [bob.id], html: '<p>x</p>', subject: `s ${world.run}`, notificationCategoryName: 'Transactional' }),
  );
  await caller.call('the mail arrives', () => world.mails.wait(emailOf(world, 'robert'), `s ${world.run}`));
  await caller.call('serverUser.listNotificationCategories', () => bob.listNotificationCategories());
}

async function ownUser(world: World): Promise<void> {
  const { user } = await signUp(world, 'eve');
  const { accessToken, refreshToken } = await user.getAuthJson();
  const tokens = { accessToken: must(accessToken, 'access token'), refreshToken: must(refreshToken, 'refresh token') };
  const server = world.sdk.createServer(world.target, tokens);
  await world.caller.call('server.getUser() with tokens', () => server.getUser());
}

async function vault(world: World): Promise<void> {
  const { caller } = world;
  const server = world.sdk.createServer(world.target);
  const secret = 'a secret of the app';
  const store = await server.getDataVaultStore('vault');
  await caller.call('dataVaultStore.setValue', () => store.setValue('key', 'value', { secret }));
  await caller.call('dataVaultStore.getValue', () => store.getValue('key', { secret }));
  await caller.call('dataVaultStore.getValue (unknown)', () => store.getValue('nothing', { secret }));
}

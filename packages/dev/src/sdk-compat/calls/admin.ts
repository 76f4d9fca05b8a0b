import { must } from '../caller.ts';
import type { World } from '../world.ts';
import { projectPermission, teamPermission } from './permissions.ts';

/** What the dashboard does with a project before anybody uses it. */
export async function definitionCalls(world: World): Promise<void> {
  const { admin, caller } = world;
  await caller.call('admin.createTeamPermissionDefinition', () =>
    admin.createTeamPermissionDefinition({ id: teamPermission, description: 'of teams', containedPermissionIds: ['$read_members'] }),
  );
  await caller.call('admin.updateTeamPermissionDefinition', () =>
    admin.updateTeamPermissionDefinition(teamPermission, { description: 'of all teams' }),
  );
  await caller.call('admin.listTeamPermissionDefinitions', () => admin.listTeamPermissionDefinitions());
  await caller.call('admin.createProjectPermissionDefinition', () =>
    admin.createProjectPermissionDefinition({ id: projectPermission, description: 'of the project', containedPermissionIds: [] }),
  );
  await caller.call('admin.updateProjectPermissionDefinition', () =>
    admin.updateProjectPermissionDefinition(projectPermission, { description: 'of the whole project' }),
  );
  await caller.call('admin.listProjectPermissionDefinitions', () => admin.listProjectPermissionDefinitions());
}

/** What the dashboard does with a project in use, until it deletes it. */
export async function projectCalls(world: World): Promise<void> {
  const { admin, caller } = world;
  await caller.call('admin.deleteTeamPermissionDefinition', () => admin.deleteTeamPermissionDefinition(teamPermission));
  await caller.call('admin.deleteProjectPermissionDefinition', () => admin.deleteProjectPermissionDefinition(projectPermission));
  await caller.group('settings', async () => {
    const project = must(await caller.call('admin.getProject', () => admin.getProject()), 'project');
    await caller.call('project.update', () => project.update({ displayName: 'Renamed', description: 'still made by a run' }));
    await caller.call('project.update config', () => project.update({ config: { magicLinkEnabled: false } }));
    await caller.call('project.getConfig', async () => (await project.getConfig()).auth);
    await caller.call('project.updateConfig', () => project.updateConfig({ 'auth.otp.allowSignIn': true }));
    await caller.call('project.pushConfig', () =>
      project.pushConfig({ 'teams.allowClientTeamCreation': false }, { source: { type: 'pushed-from-unknown' } }),
    );
    await caller.call('project.updatePushedConfig', () => project.updatePushedConfig({ 'teams.createPersonalTeamOnSignUp': true }));
    await caller.call('project.getPushedConfigSource', () => project.getPushedConfigSource());
    await caller.call('project.unlinkPushedConfigSource', () => project.unlinkPushedConfigSource());
    await caller.call('project.getConfigOverride', () => project.getConfigOverride('branch'));
    await caller.call('project.resetConfigOverrideKeys', () =>
      project.resetConfigOverrideKeys('environment', ['teams.allowClientTeamCreation']),
    );
    await caller.call('project.replaceConfigOverride', () => project.replaceConfigOverride('branch', {}));
  });
  await caller.group('project keys', () => projectKeys(world));
}

async function projectKeys({ admin, caller }: World): Promise<void> {
  const spare = await caller.call('admin.createInternalApiKey', () =>
    admin.createInternalApiKey({
      description: 'spare',
      expiresAt: new Date(1_900_000_000_000),
      hasPublishableClientKey: true,
      hasSecretServerKey: false,
      hasSuperSecretAdminKey: false,
    }),
  );
  await caller.call('admin.listInternalApiKeys', () => admin.listInternalApiKeys());
  await caller.call('internalApiKey.revoke', () => must(spare, 'spare keys').revoke());
}

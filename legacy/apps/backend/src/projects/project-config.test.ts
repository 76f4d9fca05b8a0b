import { environmentConfigSchema, getConfigOverrideErrors } from '@stackframe/stack-shared/dist/config/schema';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderedConfig } from '../config-overrides/rendered-config.ts';
import { type ConfigInput, storedConfig } from './config-input.ts';
import { defaultRoles } from './default-roles.ts';
import { adminProject, clientProject } from './project.ts';
import { type ConfigLayers, projectConfig } from './project-config.ts';

const nothing: ConfigLayers = { project: {}, branch: undefined, environment: null };

describe('a project’s settings', () => {
  test('are the published defaults when nothing is stored', async () => {
    const rendered = await renderedConfig(nothing);
    const { emails, ...config } = projectConfig(nothing);
    expect(rendered).toMatchObject(config);
    expect(rendered).toMatchObject({ emails: { server: emails.server } });
  });

  test('are the environment’s over the branch’s over the project’s', () => {
    const config = projectConfig({
      project: { 'auth.allowSignUp': false, 'teams.allowClientTeamCreation': true },
      branch: { 'auth.allowSignUp': true, 'auth.otp.allowSignIn': true },
      environment: { 'auth.otp': { allowSignIn: false } },
    });
    expect(config).toMatchObject({ auth: { allowSignUp: true, otp: { allowSignIn: false } }, teams: { allowClientTeamCreation: true } });
  });

  test('a null takes a lower layer’s word back', () => {
    const layers = { project: {}, branch: { 'auth.otp': { allowSignIn: true } }, environment: { 'auth.otp.allowSignIn': null } };
    expect(projectConfig(layers).auth.otp.allowSignIn).toBe(false);
  });

  test('are what dashboards are shown, whatever the layers say', async () => {
    const paths = [
      'auth.allowSignUp',
      'auth.otp.allowSignIn',
      'teams.allowClientTeamCreation',
      'domains.allowLocalhost',
      'apiKeys.enabled.user',
    ];
    const flat = fc.dictionary(fc.constantFrom(...paths), fc.option(fc.boolean()), { maxKeys: 5 });
    const nested = fc.record({ auth: fc.record({ otp: fc.record({ allowSignIn: fc.boolean() }) }) }, { requiredKeys: [] });
    const layer = fc.oneof(flat, nested);
    await fc.assert(
      fc.asyncProperty(layer, layer, layer, async (project, branch, environment) => {
        const layers = { project, branch, environment };
        const { auth, teams, domains, apiKeys } = projectConfig(layers);
        expect(await renderedConfig(layers)).toMatchObject({ auth, teams, domains, apiKeys });
      }),
      { numRuns: 60 },
    );
  });
});

describe('settings as the admin API takes them', () => {
  const inForce = projectConfig({ ...nothing, environment: defaultRoles });

  test('store only what was given, and keep the rest', () => {
    const stored = storedConfig({ credential_enabled: true, domains: [{ domain: 'https://a.example', handler_path: '/h' }] }, inForce);
    expect(stored).toEqual({
      'auth.password.allowSignIn': true,
      'domains.trustedDomains': { domain0: { baseUrl: 'https://a.example', handlerPath: '/h' } },
    });
  });

  const everything: ConfigInput = {
    allow_localhost: true,
    sign_up_enabled: false,
    credential_enabled: true,
    magic_link_enabled: true,
    passkey_enabled: true,
    client_team_creation_enabled: true,
    client_user_deletion_enabled: true,
    allow_user_api_keys: true,
    allow_team_api_keys: true,
    create_team_on_sign_up: true,
    domains: [{ domain: 'https://a.example', handler_path: '/h' }],
    oauth_account_merge_strategy: 'raise_error',
    oauth_providers: [
      { id: 'github', type: 'shared' },
      { id: 'microsoft', type: 'standard', client_id: 'id', client_secret: 'secret', microsoft_tenant_id: 'tenant' },
      { id: 'apple', type: 'standard', client_id: 'id', client_secret: 'secret', apple_bundle_ids: ['com.example.app'] },
      { id: 'facebook', type: 'standard', client_id: 'id', client_secret: 'secret', facebook_config_id: 'config' },
    ],
    email_config: {
      type: 'standard',
      host: 'smtp.example.com',
      port: 587,
      username: 'user',
      password: 'pass',
      sender_name: 'Sender',
      sender_email: 'sender@example.com',
    },
    email_theme: '1df07ae6-abf3-4a40-83a5-a1a2cbe336ac',
    team_creator_default_permissions: [{ id: 'team_admin' }],
    team_member_default_permissions: [{ id: '$read_members' }, { id: 'team_member' }],
    user_default_permissions: [],
  };

  test('are shown again as they were taken, and are valid by the published schema', async () => {
    const stored = storedConfig(everything, inForce);
    expect(await getConfigOverrideErrors(environmentConfigSchema, stored)).toMatchObject({ status: 'ok' });
    const shown = shownConfig({ ...defaultRoles, ...stored });
    const providers = everything.oauth_providers?.map((provider) => ({ provider_config_id: provider.id, ...provider }));
    expect(shown).toMatchObject({ ...everything, oauth_providers: providers?.sort((a, b) => (a.id < b.id ? -1 : 1)) });
    expect(shown['enabled_oauth_providers']).toEqual([{ id: 'apple' }, { id: 'facebook' }, { id: 'github' }, { id: 'microsoft' }]);
  });

  test('a list of providers replaces those one signs in with, and leaves those that only connect accounts', () => {
    const before = projectConfig({
      ...nothing,
      environment: {
        'auth.oauth.providers': {
          github: { type: 'github', isShared: true, allowSignIn: true },
          spotify: { type: 'spotify', isShared: true, allowConnectedAccounts: true },
        },
      },
    });
    const stored = storedConfig({ oauth_providers: [{ id: 'google', type: 'shared' }] }, before);
    expect(Object.keys(stored['auth.oauth.providers'] as object).sort()).toEqual(['google', 'spotify']);
    expect(shownConfig(stored)['enabled_oauth_providers']).toEqual([{ id: 'google' }]);
  });

  test('a default permission must be defined', () => {
    expect(() => storedConfig({ user_default_permissions: [{ id: 'nothing' }] }, inForce)).toThrow('Permission "nothing" not found');
  });

  test('clients see no secret and nothing of the mail server', () => {
    const config = projectConfig({ ...nothing, environment: storedConfig(everything, inForce) });
    expect(JSON.stringify(clientProject({ id: 'p', displayName: 'P', config }))).not.toMatch(/secret|smtp|pass"|sender/);
  });
});

function shownConfig(environment: object): Record<string, unknown> {
  const row = {
    id: 'p',
    displayName: 'P',
    description: '',
    isProductionMode: false,
    isDevelopmentEnvironment: false,
    ownerTeamId: null,
    onboardingStatus: 'completed',
    onboardingState: null,
    logoUrl: null,
    logoFullUrl: null,
    logoDarkModeUrl: null,
    logoFullDarkModeUrl: null,
    config: {},
    createdAt: new Date(),
    updatedAt: new Date(),
  };
  return adminProject(row, projectConfig({ ...nothing, environment })).config;
}

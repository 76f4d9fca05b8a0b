import { describe, expect, test } from 'vitest';
import { storedConfig } from './project.ts';
import { projectConfig } from './project-config.ts';

describe('a project’s settings', () => {
  test('are the defaults when nothing is stored', () => {
    expect(projectConfig({ project: {}, branch: undefined, environment: null })).toMatchObject({
      auth: { allowSignUp: true, password: { allowSignIn: true } },
      domains: { allowLocalhost: true },
      rbac: { permissions: {}, defaultPermissions: { teamCreator: {} } },
    });
  });

  test('are the environment’s over the branch’s over the project’s', () => {
    const config = projectConfig({
      project: { 'auth.allowSignUp': false, 'teams.allowClientTeamCreation': true },
      branch: { 'auth.allowSignUp': true, 'auth.otp.allowSignIn': true },
      environment: { 'auth.otp': { allowSignIn: false } },
    });
    expect(config).toMatchObject({ auth: { allowSignUp: true, otp: { allowSignIn: false } }, teams: { allowClientTeamCreation: true } });
  });

  test('store only what was given, and keep the rest', () => {
    const stored = storedConfig({ credential_enabled: false, domains: [{ domain: 'https://a.example', handler_path: '/h' }] });
    expect(stored).toEqual({
      'auth.password.allowSignIn': false,
      'domains.trustedDomains': { domain0: { baseUrl: 'https://a.example', handlerPath: '/h' } },
    });
    const config = projectConfig({ project: {}, branch: {}, environment: stored });
    expect(config.auth).toMatchObject({ allowSignUp: true, password: { allowSignIn: false } });
    expect(Object.values(config.domains.trustedDomains)).toEqual([{ baseUrl: 'https://a.example', handlerPath: '/h' }]);
  });
});

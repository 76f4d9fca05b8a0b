import { describe, expect, test } from 'vitest';
import { storedConfig } from './project.ts';
import { projectConfig } from './project-config.ts';

describe('a project’s settings', () => {
  test('are the defaults when nothing is stored', () => {
    expect(projectConfig({})).toMatchObject({
      auth: { allowSignUp: true, password: { allowSignIn: true } },
      domains: { allowLocalhost: true },
    });
  });
  test('store only what was given, and keep the rest', () => {
    const stored = storedConfig({ credential_enabled: false, domains: [{ domain: 'https://a.example', handler_path: '/h' }] });
    expect(stored).toEqual({
      auth: { password: { allowSignIn: false }, otp: {}, passkey: {} },
      onboarding: {},
      teams: {},
      users: {},
      domains: { trustedDomains: { domain0: { baseUrl: 'https://a.example', handlerPath: '/h' } } },
      apiKeys: { enabled: {} },
    });
    expect(projectConfig(stored).auth).toMatchObject({ allowSignUp: true, password: { allowSignIn: false } });
  });
});

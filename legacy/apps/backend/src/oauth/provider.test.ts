import { KnownError } from '@stackframe/stack-shared/dist/known-errors';
import { describe, expect, test } from 'vitest';
import type { OAuthSettings } from '../config.ts';
import { type OAuthProviderConfig, projectConfig } from '../projects/project-config.ts';
import { type Purpose, providerFor } from './provider.ts';

const settings: OAuthSettings = {
  mockUrl: 'http://localhost:8114',
  sharedKeys: { github: { clientId: 'shared', clientSecret: 'shared-secret' }, google: { clientId: 'MOCK', clientSecret: '' } },
};
const find = (id: string, stored: OAuthProviderConfig, purpose: Purpose = 'link', of = settings) => {
  const config = projectConfig({ project: {}, branch: {}, environment: { 'auth.oauth.providers': { [id]: stored } } });
  try {
    return providerFor(purpose, config, id, of);
  } catch (error) {
    if (KnownError.isKnownError(error)) return error.errorCode;
    throw error;
  }
};
const missing = 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED';
const forBoth = { allowSignIn: true, allowConnectedAccounts: true };
const own = { ...forBoth, isShared: false, clientId: 'own', clientSecret: 'own-secret' };

describe('a provider of a project', () => {
  test('has the keys of this server where it is shared, as it is when nothing else is said', () => {
    expect(find('github', { ...forBoth, type: 'github' })).toMatchObject({ isShared: true, clientId: 'shared' });
  });
  test('has its own keys, and a name of its own', () => {
    expect(find('work', { ...own, type: 'github' })).toMatchObject({ id: 'work', type: 'github', clientId: 'own', isShared: false });
  });
  test('is the stand-in for MOCK, with its secret', () => {
    const kind = { authorizationUrl: 'http://localhost:8114/auth', tokenUrl: 'http://localhost:8114/token' };
    expect(find('google', { ...forBoth, type: 'google' })).toMatchObject({
      clientId: 'google',
      clientSecret: 'MOCK-SERVER-SECRET',
      kind,
    });
  });
  test('of Microsoft is of one tenant, or of any', () => {
    const tokenUrl = (stored: OAuthProviderConfig) => (find('microsoft', stored) as { kind: { tokenUrl: string } }).kind.tokenUrl;
    expect(tokenUrl({ ...own, type: 'microsoft' })).toBe('https://login.microsoftonline.com/common/oauth2/v2.0/token');
    expect(tokenUrl({ ...own, type: 'microsoft', microsoftTenantId: 'a/b' })).toBe(
      'https://login.microsoftonline.com/a%2Fb/oauth2/v2.0/token',
    );
  });
  test.each<[string, OAuthProviderConfig, Purpose]>([
    ['no type', own, 'link'],
    ['a type nobody knows', { ...own, type: 'myspace' }, 'link'],
    ['a type that is not spoken to', { ...own, type: 'apple' }, 'link'],
    ['no shared keys', { ...forBoth, type: 'spotify' }, 'link'],
    ['no keys of its own', { ...forBoth, type: 'github', isShared: false, clientId: 'own' }, 'link'],
    ['no leave to sign in', { ...own, type: 'github', allowSignIn: false }, 'authenticate'],
    ['no leave to connect', { ...own, type: 'github', allowConnectedAccounts: false }, 'connected-account'],
    ['no leave at all', { ...own, type: 'github', allowSignIn: false, allowConnectedAccounts: false }, 'link'],
  ])('with %s is none', (_name, stored, purpose) => {
    expect(find('github', stored, purpose)).toBe(missing);
  });
  test('is no stand-in where there is none', () => {
    expect(find('google', { ...own, type: 'google', clientId: 'MOCK' }, 'link', { mockUrl: undefined, sharedKeys: {} })).toBe(missing);
  });
});

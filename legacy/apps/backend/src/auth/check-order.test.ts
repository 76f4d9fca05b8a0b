import { KnownError } from '@stackframe/stack-shared/dist/known-errors';
import { describe, expect, test } from 'vitest';
import { checkHeaders, checkKeys, type ProjectFacts } from './check-order.ts';
import { readRequestHeaders } from './request-headers.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return KnownError.isKnownError(error) ? error.errorCode : String(error);
  }
  return 'allowed';
};

describe('headers are checked in the order clients rely on', () => {
  const cases: [name: string, headers: Record<string, string>, outcome: string][] = [
    ['nothing at all asks for nothing', {}, 'allowed'],
    ['a project alone asks for nothing', { 'x-stack-project-id': 'internal' }, 'allowed'],
    [
      'a key without an access type',
      { 'x-stack-publishable-client-key': 'pck_x', 'x-stack-project-id': 'internal' },
      'PROJECT_KEY_WITHOUT_ACCESS_TYPE',
    ],
    ['a server key without an access type', { 'x-stack-secret-server-key': 'ssk_x' }, 'PROJECT_KEY_WITHOUT_ACCESS_TYPE'],
    ['an admin token without an access type', { 'x-stack-admin-access-token': 'a.b.c' }, 'PROJECT_KEY_WITHOUT_ACCESS_TYPE'],
    ['the sentinel for no key is no key', { 'x-stack-publishable-client-key': '__stack_public_client__' }, 'allowed'],
    ['an empty key is no key', { 'x-stack-secret-server-key': '' }, 'allowed'],
    ['a wrong access type, before the missing project', { 'x-stack-access-type': 'root' }, 'INVALID_ACCESS_TYPE'],
    ['an access type without a project', { 'x-stack-access-type': 'client' }, 'ACCESS_TYPE_WITHOUT_PROJECT_ID'],
    ['client', { 'x-stack-access-type': 'client', 'x-stack-project-id': 'p' }, 'allowed'],
    ['the newer header family', { 'x-hexclave-access-type': 'root' }, 'INVALID_ACCESS_TYPE'],
    ['a key of the newer family', { 'x-hexclave-secret-server-key': 'ssk_x' }, 'PROJECT_KEY_WITHOUT_ACCESS_TYPE'],
  ];
  test.each(cases)('%s', (_name, headers, outcome) => {
    expect(codeOf(() => checkHeaders(readRequestHeaders(new Headers(headers))))).toBe(outcome);
  });

  test('the older family wins when both are sent', () => {
    const headers = readRequestHeaders(new Headers({ 'x-stack-project-id': 'old', 'x-hexclave-project-id': 'new' }));
    expect(headers.projectId).toBe('old');
  });

  test('allowing anonymous users allows restricted ones too', () => {
    expect(readRequestHeaders(new Headers({ 'x-stack-allow-anonymous-user': 'true' })).allowRestrictedUser).toBe(true);
    expect(readRequestHeaders(new Headers({ 'x-stack-allow-restricted-user': 'true' })).allowAnonymousUser).toBe(false);
  });
});

describe('keys', () => {
  const facts = (over: Partial<ProjectFacts>): ProjectFacts => ({
    projectId: 'p',
    requirePublishableClientKey: false,
    publishableClientKeyValid: null,
    secretServerKeyValid: null,
    superSecretAdminKeyValid: null,
    ...over,
  });
  const cases: ['client' | 'server' | 'admin', Partial<ProjectFacts>, string][] = [
    ['client', {}, 'allowed'],
    ['client', { publishableClientKeyValid: true }, 'allowed'],
    ['client', { publishableClientKeyValid: false }, 'INVALID_PUBLISHABLE_CLIENT_KEY'],
    ['client', { requirePublishableClientKey: true }, 'PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT'],
    ['client', { requirePublishableClientKey: true, publishableClientKeyValid: true }, 'allowed'],
    ['server', {}, 'SERVER_AUTHENTICATION_REQUIRED'],
    ['server', { secretServerKeyValid: false }, 'INVALID_SECRET_SERVER_KEY'],
    ['server', { secretServerKeyValid: true }, 'allowed'],
    ['server', { superSecretAdminKeyValid: true }, 'SERVER_AUTHENTICATION_REQUIRED'],
    ['admin', {}, 'ADMIN_AUTHENTICATION_REQUIRED'],
    ['admin', { superSecretAdminKeyValid: false }, 'INVALID_SUPER_SECRET_ADMIN_KEY'],
    ['admin', { superSecretAdminKeyValid: true }, 'allowed'],
    ['admin', { secretServerKeyValid: true }, 'ADMIN_AUTHENTICATION_REQUIRED'],
  ];
  test.each(cases)('%s with %o: %s', (accessType, over, outcome) => {
    expect(codeOf(() => checkKeys(accessType, facts(over)))).toBe(outcome);
  });
});

import { describe, expect, test } from 'vitest';
import {
  type AuthPorts,
  authenticate,
  type IntrospectAnswer,
  type IntrospectQuestion,
  requireAccess,
  type TokenCheck,
} from './authenticate.ts';
import { stackHeaderOf } from './headers.ts';
import { KnownError } from './known-errors.ts';

const user = { id: 'u', refreshTokenId: 'r', isAnonymous: false, restrictedReason: null };
const tokens: Record<string, TokenCheck> = {
  good: { kind: 'valid', projectId: 'p', user },
  foreign: { kind: 'valid', projectId: 'q', user },
  old: { kind: 'expired', projectId: 'p', user, expiredAt: new Date(0) },
  anonymous: { kind: 'valid', projectId: 'p', user: { ...user, isAnonymous: true, restrictedReason: { type: 'anonymous' } } },
  restricted: { kind: 'valid', projectId: 'p', user: { ...user, restrictedReason: { type: 'email_not_verified' } } },
  deleted: { kind: 'valid', projectId: 'p', user: { ...user, id: 'deleted' } },
  owner: { kind: 'valid', projectId: 'internal', user: { ...user, id: 'owner' } },
  stranger: { kind: 'valid', projectId: 'internal', user: { ...user, id: 'stranger' } },
};

function ports(asked: IntrospectQuestion[] = []): AuthPorts {
  return {
    checkToken: async (token) => tokens[token] ?? { kind: 'unparsable' },
    introspect: async (question) => {
      asked.push(question);
      return answerTo(question);
    },
    userExists: async (_tenancyId, userId) => userId !== 'deleted',
  };
}

function answerTo(question: IntrospectQuestion): IntrospectAnswer {
  const verdict = (key: string | undefined) => (key === undefined ? null : key === 'good');
  const exists = question.project_id !== 'none';
  const branchExists = exists && question.branch_id === 'main';
  return {
    project: exists
      ? { id: question.project_id, display_name: 'P', require_publishable_client_key: question.project_id === 'strict' }
      : null,
    branch_exists: branchExists,
    tenancy_id: branchExists ? 't' : null,
    publishable_client_key_valid: verdict(question.publishable_client_key),
    secret_server_key_valid: verdict(question.secret_server_key),
    super_secret_admin_key_valid: verdict(question.super_secret_admin_key),
    admin_user_is_owner: question.admin_user_id === undefined ? null : question.admin_user_id === 'owner',
  };
}

const as = (headers: Record<string, string>) =>
  stackHeaderOf(Object.fromEntries(Object.entries(headers).map(([name, value]) => [`x-stack-${name}`, value])));

async function outcome(headers: Record<string, string>): Promise<string> {
  try {
    const auth = await authenticate(as(headers), ports());
    return auth === null ? 'nobody' : `${auth.type} ${auth.user?.id ?? '-'}`;
  } catch (error) {
    if (error instanceof KnownError) return `${error.status} ${error.code}`;
    throw error;
  }
}

const client = { 'access-type': 'client', 'project-id': 'p' };
const server = { 'access-type': 'server', 'project-id': 'p' };
const admin = { 'access-type': 'admin', 'project-id': 'p' };

describe('the first check that fails is the one that is told', () => {
  test.each<[string, Record<string, string>, string]>([
    ['nothing at all', {}, 'nobody'],
    ['a key without access type', { 'secret-server-key': 'good' }, '400 PROJECT_KEY_WITHOUT_ACCESS_TYPE'],
    ['an admin token without access type', { 'admin-access-token': 'owner' }, '400 PROJECT_KEY_WITHOUT_ACCESS_TYPE'],
    ['an unknown access type, before the project', { 'access-type': 'root' }, '400 INVALID_ACCESS_TYPE'],
    ['no project, before the token', { 'access-type': 'client', 'access-token': 'x' }, '400 ACCESS_TYPE_WITHOUT_PROJECT_ID'],
    ['a bad token, before the project', { ...client, 'project-id': 'none', 'access-token': 'x' }, '401 UNPARSABLE_ACCESS_TOKEN'],
    ['an expired token', { ...client, 'access-token': 'old' }, '401 ACCESS_TOKEN_EXPIRED'],
    ['a token of another project', { ...client, 'access-token': 'foreign' }, '401 INVALID_PROJECT_FOR_ACCESS_TOKEN'],
    ['an anonymous user, not wanted', { ...client, 'access-token': 'anonymous' }, '401 ANONYMOUS_AUTHENTICATION_NOT_ALLOWED'],
    [
      '… nor by allowing restricted ones',
      { ...client, 'access-token': 'anonymous', 'allow-restricted-user': 'true' },
      '401 ANONYMOUS_AUTHENTICATION_NOT_ALLOWED',
    ],
    ['a restricted user, not wanted', { ...client, 'access-token': 'restricted' }, '403 RESTRICTED_USER_NOT_ALLOWED'],
    ['an unknown project, before its keys', { ...server, 'project-id': 'none' }, '400 CURRENT_PROJECT_NOT_FOUND'],
    ['no client key where one is required', { ...client, 'project-id': 'strict' }, '401 PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT'],
    [
      'the sentinel where one is required',
      { ...client, 'project-id': 'strict', 'publishable-client-key': '__stack_public_client__' },
      '401 PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT',
    ],
    ['a bad client key even where none is required', { ...client, 'publishable-client-key': 'bad' }, '401 INVALID_PUBLISHABLE_CLIENT_KEY'],
    ['no server key', server, '401 SERVER_AUTHENTICATION_REQUIRED'],
    ['an empty server key', { ...server, 'secret-server-key': '' }, '401 SERVER_AUTHENTICATION_REQUIRED'],
    ['a client key for a server', { ...server, 'publishable-client-key': 'good' }, '401 SERVER_AUTHENTICATION_REQUIRED'],
    ['a bad server key, before the branch', { ...server, 'secret-server-key': 'bad', 'branch-id': 'x' }, '401 INVALID_SECRET_SERVER_KEY'],
    ['no admin key', admin, '401 ADMIN_AUTHENTICATION_REQUIRED'],
    ['a bad admin key', { ...admin, 'super-secret-admin-key': 'bad' }, '401 INVALID_SUPER_SECRET_ADMIN_KEY'],
    ['an unknown branch', { ...client, 'branch-id': 'x' }, '400 BRANCH_DOES_NOT_EXIST'],
    ['an unparsable admin token', { ...server, 'admin-access-token': 'x' }, '401 UNPARSABLE_ADMIN_ACCESS_TOKEN'],
    ['… of an unknown project', { ...server, 'project-id': 'none', 'admin-access-token': 'x' }, '400 CURRENT_PROJECT_NOT_FOUND'],
    ['an expired admin token', { ...server, 'admin-access-token': 'old' }, '401 ADMIN_ACCESS_TOKEN_EXPIRED'],
    [
      'an admin token of another project than internal',
      { ...server, 'admin-access-token': 'good' },
      '401 INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN',
    ],
    [
      'an admin token of a user who does not own the project',
      { ...server, 'admin-access-token': 'stranger' },
      '401 ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN',
    ],
  ])('%s', async (_name, headers, expected) => {
    expect(await outcome(headers)).toBe(expected);
  });
});

describe('let in are', () => {
  test.each<[string, Record<string, string>, string]>([
    ['a client without a key', client, 'client -'],
    ['a client with its key and user', { ...client, 'publishable-client-key': 'good', 'access-token': 'good' }, 'client u'],
    ['an anonymous user, wanted', { ...client, 'access-token': 'anonymous', 'allow-anonymous-user': 'true' }, 'client u'],
    ['a restricted user, wanted', { ...client, 'access-token': 'restricted', 'allow-restricted-user': 'true' }, 'client u'],
    ['a restricted user where anonymous ones are', { ...client, 'access-token': 'restricted', 'allow-anonymous-user': 'true' }, 'client u'],
    ['a deleted user, as nobody', { ...client, 'access-token': 'deleted' }, 'client -'],
    ['a server', { ...server, 'secret-server-key': 'good' }, 'server -'],
    ['an admin', { ...admin, 'super-secret-admin-key': 'good' }, 'admin -'],
    ['an owner of the project, whatever the access type', { ...server, 'admin-access-token': 'owner' }, 'server -'],
  ])('%s', async (_name, headers, expected) => {
    expect(await outcome(headers)).toBe(expected);
  });
});

test('only the key of the access type is ever shown to the key owner', async () => {
  const asked: IntrospectQuestion[] = [];
  await authenticate(as({ ...client, 'publishable-client-key': 'good', 'secret-server-key': 'good' }), ports(asked));
  expect(asked).toEqual([{ project_id: 'p', branch_id: 'main', publishable_client_key: 'good' }]);
});

test('an endpoint tells which access types it takes', async () => {
  expect(() => requireAccess(null, ['server'])).toThrow(expect.objectContaining({ code: 'ACCESS_TYPE_REQUIRED' }));
  const auth = await authenticate(as(client), ports());
  expect(() => requireAccess(auth, ['server', 'admin'])).toThrow(
    "The x-stack-access-type header must be 'server' or 'admin', but was 'client'.",
  );
  expect(requireAccess(auth, ['client'])).toBe(auth);
});

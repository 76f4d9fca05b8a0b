import { KnownErrors } from '@stackframe/stack-shared';
import { expect, test } from 'vitest';
import { knownErrors } from './known-errors.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const pairs: [keyof typeof knownErrors, { toJson(): unknown; status: number }, { toDescriptiveJson(): unknown; statusCode: number }][] = [
  ['bodyParsing', knownErrors.bodyParsing('x'), new KnownErrors.BodyParsingError('x')],
  ['schema', knownErrors.schema('a\n  - b'), new KnownErrors.SchemaError('a\n  - b')],
  ['projectKeyWithoutAccessType', knownErrors.projectKeyWithoutAccessType(), new KnownErrors.ProjectKeyWithoutAccessType()],
  ['invalidAccessType', knownErrors.invalidAccessType('root'), new KnownErrors.InvalidAccessType('root')],
  ['accessTypeWithoutProjectId', knownErrors.accessTypeWithoutProjectId('client'), new KnownErrors.AccessTypeWithoutProjectId('client')],
  ['accessTypeRequired', knownErrors.accessTypeRequired(), new KnownErrors.AccessTypeRequired()],
  [
    'insufficientAccessType',
    knownErrors.insufficientAccessType('client', ['server', 'admin']),
    new KnownErrors.InsufficientAccessType('client', ['server', 'admin']),
  ],
  ['invalidPublishableClientKey', knownErrors.invalidPublishableClientKey('p'), new KnownErrors.InvalidPublishableClientKey('p')],
  ['invalidSecretServerKey', knownErrors.invalidSecretServerKey('p'), new KnownErrors.InvalidSecretServerKey('p')],
  ['invalidSuperSecretAdminKey', knownErrors.invalidSuperSecretAdminKey('p'), new KnownErrors.InvalidSuperSecretAdminKey('p')],
  [
    'publishableClientKeyRequiredForProject',
    knownErrors.publishableClientKeyRequiredForProject('p'),
    new KnownErrors.PublishableClientKeyRequiredForProject('p'),
  ],
  ['serverAuthenticationRequired', knownErrors.serverAuthenticationRequired(), new KnownErrors.ServerAuthenticationRequired()],
  ['adminAuthenticationRequired', knownErrors.adminAuthenticationRequired(), new KnownErrors.AdminAuthenticationRequired()],
  ['unparsableAdminAccessToken', knownErrors.unparsableAdminAccessToken(), new KnownErrors.UnparsableAdminAccessToken()],
  ['adminAccessTokenExpired', knownErrors.adminAccessTokenExpired(at), new KnownErrors.AdminAccessTokenExpired(at)],
  [
    'invalidProjectForAdminAccessToken',
    knownErrors.invalidProjectForAdminAccessToken(),
    new KnownErrors.InvalidProjectForAdminAccessToken(),
  ],
  ['adminAccessTokenIsNotAdmin', knownErrors.adminAccessTokenIsNotAdmin(), new KnownErrors.AdminAccessTokenIsNotAdmin()],
  ['unparsableAccessToken', knownErrors.unparsableAccessToken(), new KnownErrors.UnparsableAccessToken()],
  [
    'accessTokenExpired',
    knownErrors.accessTokenExpired({ expiredAt: at, projectId: 'p', userId: 'u', refreshTokenId: 'r' }),
    new KnownErrors.AccessTokenExpired(at, 'p', 'u', 'r'),
  ],
  [
    'invalidProjectForAccessToken',
    knownErrors.invalidProjectForAccessToken('a', 'b'),
    new KnownErrors.InvalidProjectForAccessToken('a', 'b'),
  ],
  [
    'anonymousAuthenticationNotAllowed',
    knownErrors.anonymousAuthenticationNotAllowed(),
    new KnownErrors.AnonymousAuthenticationNotAllowed(),
  ],
  [
    'restrictedUserNotAllowed',
    knownErrors.restrictedUserNotAllowed({ type: 'email_not_verified' }),
    new KnownErrors.RestrictedUserNotAllowed({ type: 'email_not_verified' }),
  ],
  ['currentProjectNotFound', knownErrors.currentProjectNotFound('p'), new KnownErrors.CurrentProjectNotFound('p')],
  ['branchDoesNotExist', knownErrors.branchDoesNotExist('b'), new KnownErrors.BranchDoesNotExist('b')],
  ['cannotGetOwnUserWithoutUser', knownErrors.cannotGetOwnUserWithoutUser(), new KnownErrors.CannotGetOwnUserWithoutUser()],
  ['userAuthenticationRequired', knownErrors.userAuthenticationRequired(), new KnownErrors.UserAuthenticationRequired()],
  ['userNotFound', knownErrors.userNotFound(), new KnownErrors.UserNotFound()],
  ['userIdDoesNotExist', knownErrors.userIdDoesNotExist('u'), new KnownErrors.UserIdDoesNotExist('u')],
  ['emailRenderingError', knownErrors.emailRenderingError('x'), new KnownErrors.EmailRenderingError('x')],
  ['emailNotEditable', knownErrors.emailNotEditable('e', 'sent'), new KnownErrors.EmailNotEditable('e', 'sent')],
];

test.each(pairs)('%s has the status, code, details and text of the published package, byte for byte', (_name, ours, published) => {
  expect(ours.status).toBe(published.statusCode);
  expect(JSON.stringify(ours.toJson(), undefined, 2)).toBe(JSON.stringify(published.toDescriptiveJson(), undefined, 2));
});

test('every known error is compared', () => {
  expect(pairs.map(([name]) => name).sort()).toEqual(Object.keys(knownErrors).sort());
});

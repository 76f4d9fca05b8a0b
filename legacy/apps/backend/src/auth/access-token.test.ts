import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { accessTokenPayloadSchema } from '@stackframe/stack-shared/dist/schema-fields';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { checkAccessToken, publishedKeys, signAccessToken, type TokenSubject } from './access-token.ts';
import { signingKeys } from './signing-keys.ts';

const settings = { serverSecret: 'a-secret-for-this-test', publicApiUrl: 'http://localhost:8102', accessTokenSeconds: 600 };
const subject: TokenSubject = {
  projectId: 'internal',
  branchId: 'main',
  userId: '51b092d5-45b1-458a-852d-56ea7e473c41',
  refreshTokenId: '13d0dbaf-b1d0-455e-b04f-5c2ae7ffbaea',
  name: null,
  email: 'oracle@example.com',
  emailVerified: false,
  selectedTeamId: null,
  signedUpAt: new Date(1_795_488_572_999),
  isAnonymous: false,
  restrictedReason: null,
  requiresTotpMfa: false,
};

describe('an access token', () => {
  test('has exactly the claims clients check for, and no others', async () => {
    const token = await signAccessToken(subject, settings);
    const claims = decodeJwt(token);
    expect(Object.keys(claims).sort()).toEqual([
      'aud',
      'branch_id',
      'email',
      'email_verified',
      'exp',
      'iat',
      'is_anonymous',
      'is_restricted',
      'iss',
      'name',
      'project_id',
      'refresh_token_id',
      'requires_totp_mfa',
      'restricted_reason',
      'role',
      'selected_team_id',
      'signed_up_at',
      'sub',
    ]);
    expect(claims).toMatchObject({
      aud: 'internal',
      iss: 'http://localhost:8102/api/v1/projects/internal',
      signed_up_at: 1_795_488_572,
      role: 'authenticated',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: expect.stringMatching(/^[\w-]{12}$/) });
    await expect(accessTokenPayloadSchema.validate(claims)).resolves.toBeDefined();
  });

  test.each([
    ['anonymous', { isAnonymous: true, restrictedReason: { type: 'anonymous' as const } }, 'internal:anon', 'projects-anonymous-users'],
    ['restricted', { restrictedReason: { type: 'email_not_verified' as const } }, 'internal:restricted', 'projects-restricted-users'],
  ])('of a user who is %s has an audience and issuer of its own', async (_name, over, audience, folder) => {
    const claims = decodeJwt(await signAccessToken({ ...subject, ...over }, settings));
    expect(claims).toMatchObject({ aud: audience, iss: `http://localhost:8102/api/v1/${folder}/internal`, is_restricted: true });
  });

  test('is accepted by whoever has the published keys', async () => {
    const keys = createLocalJWKSet({ keys: publishedKeys('internal', { restricted: false, anonymous: false }, settings.serverSecret) });
    const { payload } = await jwtVerify(await signAccessToken(subject, settings), keys, { audience: 'internal' });
    expect(payload.sub).toBe(subject.userId);
  });

  test('is read back', async () => {
    await expect(checkAccessToken(await signAccessToken(subject, settings), settings)).resolves.toEqual({
      userId: subject.userId,
      projectId: 'internal',
      branchId: 'main',
      refreshTokenId: subject.refreshTokenId,
      isAnonymous: false,
      restrictedReason: null,
    });
  });

  test('that expired says when, and whose it was', async () => {
    const token = await signAccessToken(subject, { ...settings, accessTokenSeconds: -5 });
    const error = await checkAccessToken(token, settings).catch((caught: unknown) => caught);
    expect(KnownErrors.AccessTokenExpired.isInstance(error) && error.toDescriptiveJson()).toMatchObject({
      code: 'ACCESS_TOKEN_EXPIRED',
      details: {
        project_id: 'internal',
        user_id: subject.userId,
        refresh_token_id: subject.refreshTokenId,
        expired_at_millis: (decodeJwt(token).exp ?? 0) * 1000,
      },
    });
  });
});

describe('a forged token is refused', () => {
  const refused = async (token: string) => {
    const error = await checkAccessToken(token, settings).catch((caught: unknown) => caught);
    expect(KnownErrors.UnparsableAccessToken.isInstance(error)).toBe(true);
  };
  const key = () => {
    const [first] = signingKeys(settings.serverSecret, 'internal');
    if (first === undefined) throw new Error('no key');
    return first;
  };

  test('no token at all', () => refused('nonsense'));
  test('signed with another secret', async () =>
    refused(await signAccessToken(subject, { ...settings, serverSecret: 'another-secret-entirely' })));
  test('issued elsewhere', async () => refused(await signAccessToken(subject, { ...settings, publicApiUrl: 'http://evil.example' })));
  test('with a changed payload', async () => {
    const [header, payload, signature] = (await signAccessToken(subject, settings)).split('.');
    const claims = { ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), sub: 'someone-else' };
    await refused([header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'));
  });
  test('without a signature (alg none)', async () => {
    const [, payload] = (await signAccessToken(subject, settings)).split('.');
    await refused(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`);
  });
  test('HS256 with the public key as secret', async () => {
    const { x } = key().publicJwk;
    const token = await new SignJWT(decodeJwt(await signAccessToken(subject, settings)))
      .setProtectedHeader({ alg: 'HS256', kid: key().kid })
      .sign(Buffer.from(x));
    await refused(token);
  });
  test('of another audience, signed with that audience’s key', async () => {
    const claims = decodeJwt(await signAccessToken({ ...subject, projectId: 'b' }, settings));
    await refused(
      await new SignJWT({ ...claims, aud: 'internal' })
        .setProtectedHeader({ alg: 'ES256', kid: key().kid })
        .sign(signingKeys(settings.serverSecret, 'b')[0]?.privateKey ?? new Uint8Array()),
    );
  });
});

describe('published keys', () => {
  test('are two for each audience, the same at each call, and public only', () => {
    const keys = publishedKeys('internal', { restricted: true, anonymous: true }, settings.serverSecret);
    expect(keys).toHaveLength(6);
    expect(new Set(keys.map((entry) => entry.kid)).size).toBe(6);
    expect(keys).toEqual(publishedKeys('internal', { restricted: true, anonymous: true }, settings.serverSecret));
    for (const entry of keys) expect(Object.keys(entry).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'x', 'y']);
    expect(publishedKeys('internal', { restricted: false, anonymous: false }, settings.serverSecret)).toHaveLength(2);
  });

  test('differ between projects and between secrets', () => {
    const kids = [
      publishedKeys('a', { restricted: false, anonymous: false }, 'secret-one'),
      publishedKeys('b', { restricted: false, anonymous: false }, 'secret-one'),
      publishedKeys('a', { restricted: false, anonymous: false }, 'secret-two'),
    ].flatMap((keys) => keys.map((entry) => entry.kid));
    expect(new Set(kids).size).toBe(6);
  });
});

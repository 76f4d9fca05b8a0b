import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createTokenChecker, tokenBytesMax } from './access-token.ts';

const publicUrl = 'http://localhost:8102';
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const nowSeconds = 1_800_000_000;

function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    sub: 'd3b07384-0000-4000-8000-000000000001',
    project_id: 'internal',
    branch_id: 'main',
    refresh_token_id: 'd3b07384-0000-4000-8000-000000000002',
    role: 'authenticated',
    name: null,
    email: 'a@example.com',
    email_verified: false,
    selected_team_id: null,
    signed_up_at: 1_795_488_572,
    is_anonymous: false,
    is_restricted: false,
    restricted_reason: null,
    requires_totp_mfa: false,
    iss: `${publicUrl}/api/v1/projects/internal`,
    aud: 'internal',
    iat: nowSeconds - 10,
    exp: nowSeconds + 590,
    ...changes,
  };
}

function sign(payload: Record<string, unknown>, options: { key?: KeyObject; header?: Record<string, unknown> } = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...options.header }).sign(options.key ?? pair.privateKey);
}

const check = createTokenChecker({
  publicUrl,
  nowSeconds: () => nowSeconds,
  keys: { find: async ({ kid }) => (kid === 'k1' ? pair.publicKey : undefined), ageMsMax: () => 0 },
});

test('a token signed by the issuer is its user', async () => {
  expect(await check(await sign(claims()))).toEqual({
    kind: 'valid',
    projectId: 'internal',
    user: { id: claims()['sub'], refreshTokenId: claims()['refresh_token_id'], isAnonymous: false, restrictedReason: null },
  });
});

test('restricted and anonymous users have issuers and audiences of their own', async () => {
  const restricted = claims({
    aud: 'internal:restricted',
    iss: `${publicUrl}/api/v1/projects-restricted-users/internal`,
    is_restricted: true,
    restricted_reason: { type: 'email_not_verified' },
  });
  const anonymous = claims({
    aud: 'internal:anon',
    iss: `${publicUrl}/api/v1/projects-anonymous-users/internal`,
    is_anonymous: true,
    is_restricted: true,
    restricted_reason: { type: 'anonymous' },
  });
  expect(await check(await sign(restricted))).toMatchObject({ kind: 'valid', user: { restrictedReason: { type: 'email_not_verified' } } });
  expect(await check(await sign(anonymous))).toMatchObject({ kind: 'valid', user: { isAnonymous: true } });
});

test('a token is expired from its very second on, and says whose it was', async () => {
  expect(await check(await sign(claims({ exp: nowSeconds })))).toMatchObject({
    kind: 'expired',
    expiredAt: new Date(nowSeconds * 1000),
    user: { id: claims()['sub'] },
  });
  expect(await check(await sign(claims({ exp: nowSeconds + 1 })))).toMatchObject({ kind: 'valid' });
});

test.each<[string, () => Promise<string> | string]>([
  ['nothing', () => ''],
  ['no token', () => 'abc'],
  ['a token too long to be one', () => 'a'.repeat(tokenBytesMax + 1)],
  ['another key', () => sign(claims(), { key: other.privateKey })],
  ['an unknown kid', () => sign(claims(), { header: { kid: 'k2' } })],
  ['another issuer', () => sign(claims({ iss: 'http://evil.example/api/v1/projects/internal' }))],
  ['the issuer of another project', () => sign(claims({ iss: `${publicUrl}/api/v1/projects/other` }))],
  ['the audience of another project', () => sign(claims({ aud: 'other' }))],
  [
    'an anonymous user under the normal audience',
    () => sign(claims({ is_anonymous: true, is_restricted: true, restricted_reason: { type: 'anonymous' } })),
  ],
  ['a normal user under the anonymous audience', () => sign(claims({ aud: 'internal:anon' }))],
  ['a missing claim', () => sign(claims({ refresh_token_id: undefined }))],
  ['no expiry', () => sign(claims({ exp: undefined }))],
  ['a critical extension', () => sign(claims(), { header: { crit: ['b64'], b64: true } })],
  [
    'a changed payload',
    async () => {
      const [head, , signature] = (await sign(claims())).split('.');
      return `${head}.${Buffer.from(JSON.stringify(claims({ sub: 'someone-else' }))).toString('base64url')}.${signature}`;
    },
  ],
  [
    'alg none',
    async () => {
      const [, payload] = (await sign(claims())).split('.');
      return `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${payload}.`;
    },
  ],
  [
    'alg HS256 keyed with the public key',
    () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' }))),
  ],
])('a token with %s is unparsable', async (_name, make) => {
  expect(await check(await make())).toEqual({ kind: 'unparsable' });
});

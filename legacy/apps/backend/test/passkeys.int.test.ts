import type WebAuthnEmulator from 'nid-webauthn-emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Legacy, openLegacy } from './legacy.ts';
import { answerToAuthentication, answerToRegistration, newAuthenticator, registerPasskey } from './passkey.ts';
import { requireTotp } from './totp.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const post = (path: string, body: unknown, user?: Person) => world.call('client', 'POST', path, { body, user });
const told = (answer: Answer) => answer.json['code'] ?? (answer.status === 200 ? 200 : answer.text);
const outcomes = (answers: Answer[]) => answers.map((answer) => String(told(answer))).sort();
const hasPasskey = async (user: Person) => (await world.must('server', 'GET', `/users/${user.userId}`))['passkey_auth_enabled'];

describe('POST /auth/passkey/initiate-passkey-registration', () => {
  test('answers what the published clients expect', async () => {
    const user = await world.signUp();
    const answer = await post('/auth/passkey/initiate-passkey-registration', {}, user);
    expect(answer.json).toEqual({
      code: expect.stringMatching(/^[0-9a-z]{45}$/),
      options_json: {
        challenge: expect.stringMatching(/^[\w-]{43}$/),
        rp: { id: 'THIS_VALUE_WILL_BE_REPLACED.example.com', name: 'World' },
        user: { id: Buffer.from(user.userId).toString('base64url'), name: user.email, displayName: '' },
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ alg, type: 'public-key' })),
        timeout: 60_000,
        attestation: 'none',
        excludeCredentials: [],
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
        extensions: { credProps: true },
      },
    });
  });

  test('needs a user, and passkeys on', async () => {
    expect(told(await post('/auth/passkey/initiate-passkey-registration', {}))).toBe('USER_AUTHENTICATION_REQUIRED');
    const off = await plantWorld(legacy, { 'auth.passkey.allowSignIn': false });
    const answer = await off.call('client', 'POST', '/auth/passkey/initiate-passkey-registration', { body: {}, user: await off.signUp() });
    expect(told(answer)).toBe('PASSKEY_AUTHENTICATION_NOT_ENABLED');
  });
});

describe('POST /auth/passkey/register', () => {
  const register = (body: unknown, user: Person) => post('/auth/passkey/register', body, user);

  test('keeps the passkey in place of the one before', async () => {
    const user = await world.signUp();
    const first = await registerPasskey(world, user);
    expect(await hasPasskey(user)).toBe(true);
    const second = await registerPasskey(world, user);
    const signIn = async (authenticator: WebAuthnEmulator) =>
      told(await post('/auth/passkey/sign-in', await answerToAuthentication(world, authenticator)));
    expect([await signIn(first), await signIn(second)]).toEqual(['PASSKEY_AUTHENTICATION_FAILED', 200]);
  });

  test('is refused for a page the project does not trust, a changed challenge, and another user', async () => {
    const user = await world.signUp();
    const elsewhere = await answerToRegistration(world, user, newAuthenticator(), 'https://evil.example');
    expect(told(await register(elsewhere, user))).toBe('PASSKEY_REGISTRATION_FAILED');
    const [one, two] = [await answerToRegistration(world, user), await answerToRegistration(world, user)];
    expect(told(await register({ credential: one.credential, code: two.code }, user))).toBe('PASSKEY_REGISTRATION_FAILED');
    expect(told(await register(one, await world.signUp()))).toBe('VERIFICATION_CODE_NOT_FOUND');
    expect(await hasPasskey(user)).toBe(false);
  });

  test('is refused for a passkey that is somebody else’s', async () => {
    const [user, other] = [await world.signUp(), await world.signUp()];
    const answer = await answerToRegistration(world, user);
    await world.must('client', 'POST', '/auth/passkey/register', { user, body: answer });
    await legacy.admin.query(`update "PasskeyAuthMethod" set "credentialId" = 'taken' where "projectUserId" = $1`, [user.userId]);
    const late = await answerToRegistration(world, other);
    await legacy.admin.query(`update "PasskeyAuthMethod" set "credentialId" = $2 where "projectUserId" = $1`, [
      user.userId,
      late.credential.id,
    ]);
    expect(told(await register(late, other))).toBe('PASSKEY_REGISTRATION_FAILED');
  });

  test('is refused after 65 seconds', async () => {
    const user = await world.signUp();
    const answer = await answerToRegistration(world, user);
    const { rows } = await legacy.admin.query(
      `update "VerificationCode" set "expiresAt" = now() where "code" = $1
       returning extract(epoch from old."expiresAt" - "createdAt")::int as seconds`,
      [answer.code],
    );
    expect(rows[0].seconds).toBe(65);
    expect(told(await register(answer, user))).toBe('VERIFICATION_CODE_EXPIRED');
  });

  test('twice with one answer at the same time happens once', async () => {
    const user = await world.signUp();
    const answer = await answerToRegistration(world, user);
    const answers = await Promise.all([register(answer, user), register(answer, user)]);
    expect(outcomes(answers)).toEqual(['200', 'VERIFICATION_CODE_ALREADY_USED']);
    expect(answers.find(({ status }) => status === 200)?.json).toEqual({ user_handle: Buffer.from(user.userId).toString('base64url') });
  });
});

describe('POST /auth/passkey/initiate-passkey-authentication', () => {
  test('answers what the published clients expect', async () => {
    const answer = await post('/auth/passkey/initiate-passkey-authentication', {});
    expect(answer.json).toEqual({
      code: expect.stringMatching(/^[0-9a-z]{45}$/),
      options_json: {
        rpId: 'THIS_VALUE_WILL_BE_REPLACED.example.com',
        challenge: expect.stringMatching(/^[\w-]{43}$/),
        allowCredentials: [],
        timeout: 60_000,
        userVerification: 'preferred',
      },
    });
  });
});

describe('POST /auth/passkey/sign-in', () => {
  const signIn = (body: unknown) => post('/auth/passkey/sign-in', body);

  test('signs in, and asks for the second factor where there is one', async () => {
    const user = await world.signUp();
    const authenticator = await registerPasskey(world, user);
    expect((await signIn(await answerToAuthentication(world, authenticator))).json).toMatchObject({
      user_id: user.userId,
      is_new_user: false,
    });
    await requireTotp(world, user);
    expect(told(await signIn(await answerToAuthentication(world, authenticator)))).toBe('MULTI_FACTOR_AUTHENTICATION_REQUIRED');
  });

  test('is refused for another page, another challenge, an unknown passkey, a changed signature and one that was given up', async () => {
    const user = await world.signUp();
    const authenticator = await registerPasskey(world, user);
    const answer = () => answerToAuthentication(world, authenticator);
    const [one, two] = [await answer(), await answer()];
    const failures = [
      { authentication_response: one.authentication_response, code: two.code },
      { ...one, authentication_response: { ...one.authentication_response, id: 'unknown', rawId: 'unknown' } },
      {
        ...one,
        authentication_response: {
          ...one.authentication_response,
          response: { ...one.authentication_response.response, signature: two.authentication_response.response.signature },
        },
      },
    ];
    for (const body of failures) expect(told(await signIn(body))).toBe('PASSKEY_AUTHENTICATION_FAILED');
    await world.setConfig({ 'domains.allowLocalhost': false });
    expect(told(await signIn(await answer()))).toBe('PASSKEY_AUTHENTICATION_FAILED');
    await world.setConfig({});
    await world.must('client', 'PATCH', '/users/me', { user, body: { passkey_auth_enabled: false } });
    expect(await hasPasskey(user)).toBe(false);
    expect(told(await signIn(await answer()))).toBe('PASSKEY_AUTHENTICATION_FAILED');
  });

  test('is refused when the authenticator’s count went back: somebody has a copy', async () => {
    const user = await world.signUp();
    const authenticator = await registerPasskey(world, user);
    await legacy.admin.query(`update "PasskeyAuthMethod" set "counter" = 1000 where "projectUserId" = $1`, [user.userId]);
    expect(told(await signIn(await answerToAuthentication(world, authenticator)))).toBe('PASSKEY_AUTHENTICATION_FAILED');
  });

  test('twice with one answer at the same time happens once', async () => {
    const authenticator = await registerPasskey(world, await world.signUp());
    for (let round = 0; round < 5; round += 1) {
      const answer = await answerToAuthentication(world, authenticator);
      const answers = await Promise.all([signIn(answer), signIn(answer)]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });
});

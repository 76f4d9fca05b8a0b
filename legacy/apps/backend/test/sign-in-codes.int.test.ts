import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { mfaAttempt, requireTotp, totp } from './totp.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const callback = 'http://localhost:3000/handler';
const post = (path: string, body: unknown, options: { user?: Person; in?: World } = {}) =>
  (options.in ?? world).call('client', 'POST', path, { body, user: options.user });
const told = (answer: Answer) => answer.json['code'] ?? (answer.status === 200 ? 200 : answer.text);
const outcomes = (answers: Answer[]) => answers.map((answer) => String(told(answer))).sort();
const send = (email: string, in_: World = world) => post('/auth/otp/send-sign-in-code', { email, callback_url: callback }, { in: in_ });
const codeFor = async (email: string, in_: World = world): Promise<string> => {
  const answer = await send(email, in_);
  if (answer.status !== 200) throw new Error(answer.text);
  return in_.newestCode('ONE_TIME_PASSWORD');
};
const signIn = (code: string, options: { user?: Person; in?: World } = {}) => post('/auth/otp/sign-in', { code }, options);
const verifiedUser = async (): Promise<{ id: string; email: string }> => {
  const email = freshEmail();
  const body = { primary_email: email, primary_email_verified: true, primary_email_auth_enabled: true };
  return { id: String((await world.must('server', 'POST', '/users', { body }))['id']), email };
};

describe('POST /auth/otp/send-sign-in-code', () => {
  test('answers the nonce and mails the six characters in capitals and the link', async () => {
    const project = await plantWorld(legacy);
    const email = freshEmail();
    const { nonce } = (await send(email.toUpperCase(), project)).json;
    const code = await project.newestCode('ONE_TIME_PASSWORD');
    expect(nonce).toBe(code.slice(6));
    const [mail] = await project.mails();
    expect(mail?.payload.subject).toBe(`Sign in to World: Your code is ${code.slice(0, 6).toUpperCase()}`);
    expect(mail?.payload.html).toContain(nonce);
    expect(mail?.payload.recipient).toEqual({ type: 'custom-emails', emails: [email] });
  });

  test('is refused where codes are off, in words, and for a callback elsewhere', async () => {
    const off = await plantWorld(legacy, { 'auth.otp.allowSignIn': false });
    const answer = await send(freshEmail(), off);
    expect([answer.status, answer.text]).toEqual([403, 'OTP sign-in is not enabled for this project']);
    const elsewhere = await post('/auth/otp/send-sign-in-code', { email: freshEmail(), callback_url: 'https://evil.example' });
    expect(told(elsewhere)).toBe('REDIRECT_URL_NOT_WHITELISTED');
  });

  test('is refused for an address somebody has who never showed it to be theirs', async () => {
    const { email } = await world.signUp();
    expect((await send(email)).json).toMatchObject({
      code: 'USER_EMAIL_ALREADY_EXISTS',
      details: { email, would_work_if_email_was_verified: true },
    });
  });

  test('is refused for somebody unknown where nobody may sign up', async () => {
    const closed = await plantWorld(legacy, { 'auth.allowSignUp': false });
    expect(told(await send(freshEmail(), closed))).toBe('SIGN_UP_NOT_ENABLED');
  });
});

describe('POST /auth/otp/sign-in', () => {
  test('signs somebody new up, verified, with codes on; and in the next time', async () => {
    const email = freshEmail();
    const first = await signIn((await codeFor(email)).toUpperCase());
    expect(first.json).toMatchObject({ is_new_user: true });
    const user = await world.must('server', 'GET', `/users/${first.json['user_id']}`);
    expect(user).toMatchObject({ primary_email: email, primary_email_verified: true, otp_auth_enabled: true, has_password: false });
    expect((await signIn(await codeFor(email))).json).toMatchObject({ is_new_user: false, user_id: user['id'] });
  });

  test('turns codes on for who has the address verified', async () => {
    const { id, email } = await verifiedUser();
    expect((await signIn(await codeFor(email))).json).toMatchObject({ is_new_user: false, user_id: id });
    expect(await world.must('server', 'GET', `/users/${id}`)).toMatchObject({ otp_auth_enabled: true });
  });

  test('upgrades an anonymous caller in place, who keeps the session', async () => {
    const made = (await world.must('client', 'POST', '/auth/anonymous/sign-up')) as Record<string, string>;
    const user = { email: '', userId: made['user_id'], accessToken: made['access_token'], refreshToken: made['refresh_token'] } as Person;
    expect((await signIn(await codeFor(freshEmail()), { user })).json).toMatchObject({ is_new_user: true, user_id: user.userId });
    const headers = { 'x-stack-refresh-token': user.refreshToken };
    expect((await world.call('client', 'POST', '/auth/sessions/current/refresh', { headers })).status).toBe(200);
  });

  test('is refused when sign-up was closed meanwhile', async () => {
    const closing = await plantWorld(legacy);
    const code = await codeFor(freshEmail(), closing);
    await closing.setConfig({ 'auth.allowSignUp': false });
    expect(told(await signIn(code, { in: closing }))).toBe('SIGN_UP_NOT_ENABLED');
  });

  test('counts guesses of the six characters: the twenty-first is refused, right or not', async () => {
    const code = await codeFor(freshEmail());
    for (let guess = 0; guess < 20; guess += 1) expect(told(await signIn(`000000${code.slice(6)}`))).toBe('VERIFICATION_CODE_NOT_FOUND');
    expect(told(await signIn(code))).toBe('VERIFICATION_CODE_MAX_ATTEMPTS_REACHED');
  });

  test('twice with one code at the same time happens once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const code = await codeFor(freshEmail());
      expect(outcomes(await Promise.all([signIn(code), signIn(code)]))).toEqual(['200', 'VERIFICATION_CODE_ALREADY_USED']);
    }
  });

  test('with two codes of one new address at the same time makes one user, and both are in', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = freshEmail();
      const codes = [await codeFor(email), await codeFor(email)];
      const answers = await Promise.all(codes.map((code) => signIn(code)));
      expect(answers.map((answer) => answer.json['is_new_user']).sort()).toEqual([false, true]);
      expect(new Set(answers.map((answer) => answer.json['user_id'])).size).toBe(1);
    }
  });

  test('at the same time as a sign-up with a password makes one user', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = freshEmail();
      const code = await codeFor(email);
      const [byCode, byPassword] = await Promise.all([signIn(code), post('/auth/password/sign-up', { email, password: 'password1' })]);
      expect(outcomes([byCode, byPassword])).toEqual(['200', 'USER_EMAIL_ALREADY_EXISTS']);
      const { items } = await world.must('server', 'GET', `/users?query=${encodeURIComponent(email)}`);
      expect(items).toHaveLength(1);
    }
  });
});

describe('POST /auth/otp/sign-in/check-code', () => {
  test('says that a code is good and leaves it so', async () => {
    const code = await codeFor(freshEmail());
    expect((await post('/auth/otp/sign-in/check-code', { code })).json).toEqual({ is_code_valid: true });
    expect((await signIn(code)).status).toBe(200);
    expect(told(await post('/auth/otp/sign-in/check-code', { code }))).toBe('VERIFICATION_CODE_ALREADY_USED');
  });
});

describe('POST /internal/send-sign-in-invitation', () => {
  const invite = (callbackUrl: string) =>
    world.call('admin', 'POST', '/internal/send-sign-in-invitation', { body: { email: 'New@Example.com', callback_url: callbackUrl } });

  test('mails the link', async () => {
    expect((await invite(callback)).json).toEqual({ success: true });
    const mail = (await world.mails()).find(({ kind }) => kind === 'sign-in-invitation');
    expect(mail?.payload).toMatchObject({ recipient: { emails: ['new@example.com'] }, text: expect.stringContaining(callback) });
  });

  test('is refused for a link elsewhere', async () => {
    expect(told(await invite('https://evil.example'))).toBe('REDIRECT_URL_NOT_WHITELISTED');
  });
});

describe('POST /auth/mfa/sign-in', () => {
  const finish = (code: string, value: string) => post('/auth/mfa/sign-in', { type: 'totp', totp: value, code });
  const guarded = async (): Promise<Person> => {
    const user = await world.signUp();
    await requireTotp(world, user);
    return user;
  };

  test('finishes a sign-in with a password', async () => {
    const user = await guarded();
    expect((await finish(await mfaAttempt(world, user), totp())).json).toMatchObject({ user_id: user.userId, is_new_user: false });
  });

  test('finishes a sign-in with a code, whose code is spent all the same', async () => {
    const { id, email } = await verifiedUser();
    const body = { totp_secret_base64: Buffer.from(Array.from({ length: 20 }, (_, index) => index + 1)).toString('base64') };
    await world.must('server', 'PATCH', `/users/${id}`, { body });
    const code = await codeFor(email);
    const asked = await signIn(code);
    expect(told(asked)).toBe('MULTI_FACTOR_AUTHENTICATION_REQUIRED');
    expect(told(await signIn(code))).toBe('VERIFICATION_CODE_ALREADY_USED');
    const { attempt_code: attempt } = asked.json['details'] as { attempt_code: string };
    expect((await finish(attempt, totp())).json).toMatchObject({ user_id: id });
  });

  test('is refused for a wrong value, which spends only a guess', async () => {
    const attempt = await mfaAttempt(world, await guarded());
    for (const wrong of ['', 'abcdef', '0000000', totp(10)]) expect(told(await finish(attempt, wrong))).toBe('INVALID_TOTP_CODE');
    expect(told(await finish(attempt, totp()))).toBe(200);
    expect(told(await finish(attempt, totp(1)))).toBe('VERIFICATION_CODE_ALREADY_USED');
  });

  test('takes a value once in its time, and none older than the last', async () => {
    const user = await guarded();
    const [now, next, before] = [totp(), totp(1), totp(-1)];
    expect(told(await finish(await mfaAttempt(world, user), next))).toBe(200);
    for (const used of [next, now, before]) expect(told(await finish(await mfaAttempt(world, user), used))).toBe('INVALID_TOTP_CODE');
  });

  test('with one value for two attempts at the same time happens once', async () => {
    const user = await guarded();
    const attempts = [await mfaAttempt(world, user), await mfaAttempt(world, user)];
    const value = totp();
    expect(outcomes(await Promise.all(attempts.map((attempt) => finish(attempt, value))))).toEqual(['200', 'INVALID_TOTP_CODE']);
  });

  test('is refused after five minutes', async () => {
    const attempt = await mfaAttempt(world, await guarded());
    const { rows } = await legacy.admin.query(
      `select extract(epoch from "expiresAt" - "createdAt")::int as seconds from "VerificationCode" where "code" = $1`,
      [attempt],
    );
    expect(rows[0].seconds).toBe(300);
    await legacy.admin.query(`update "VerificationCode" set "expiresAt" = now() where "code" = $1`, [attempt]);
    expect(told(await finish(attempt, totp()))).toBe('VERIFICATION_CODE_EXPIRED');
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const callback = 'http://localhost:3000/handler?next=1';
const post = (path: string, body: unknown, user?: Person, in_: World = world) => in_.call('client', 'POST', path, { body, user });
const told = (answer: Answer) => answer.json['code'] ?? (answer.status === 200 ? 200 : answer.text);
const outcomes = (answers: Answer[]) => answers.map(told).map(String).sort();
const signUp = (body: object, user?: Person, in_: World = world) =>
  post('/auth/password/sign-up', { email: freshEmail(), password: 'password1', ...body }, user, in_);
const signIn = (email: string, password: string, in_: World = world) => post('/auth/password/sign-in', { email, password }, undefined, in_);
const refresh = (refreshToken: unknown, in_: World = world) =>
  in_.call('client', 'POST', '/auth/sessions/current/refresh', { headers: { 'x-stack-refresh-token': String(refreshToken) } });
const anonymous = async (in_: World = world): Promise<Person> => {
  const made = await in_.must('client', 'POST', '/auth/anonymous/sign-up');
  const { user_id: userId, access_token: accessToken, refresh_token: refreshToken } = made as Record<string, string>;
  return { email: '', userId: String(userId), accessToken: String(accessToken), refreshToken: String(refreshToken) };
};

describe('POST /auth/password/sign-up', () => {
  test('takes what clients send of a bot challenge, and refuses phases it does not know', async () => {
    const sent = { bot_challenge_token: 't', bot_challenge_phase: 'visible', bot_challenge_unavailable: 'true' };
    expect((await signUp(sent)).status).toBe(200);
    expect(told(await signUp({ bot_challenge_phase: 'loud' }))).toBe('SCHEMA_ERROR');
  });

  test('upgrades an anonymous caller in place, and gives it what everyone gets', async () => {
    const project = await plantWorld(legacy, {
      'teams.createPersonalTeamOnSignUp': true,
      'rbac.defaultPermissions.signUp': { subscriber: true },
    });
    const user = await anonymous(project);
    await legacy.admin.query(`update "ProjectUser" set "signedUpAt" = '2020-01-01' where "projectUserId" = $1`, [user.userId]);
    const email = freshEmail();
    const upgraded = await signUp({ email, verification_callback_url: callback }, user, project);
    expect(upgraded.json['user_id']).toBe(user.userId);
    const now = await project.must('server', 'GET', `/users/${user.userId}`);
    expect(now).toMatchObject({ is_anonymous: false, primary_email: email, has_password: true, is_restricted: false });
    expect(now['selected_team']).toMatchObject({ display_name: `${email}'s Team` });
    expect(Date.now() - Number(now['signed_up_at_millis'])).toBeLessThan(60_000);
    const types = (await project.told()).map(({ type }) => type);
    expect(types.filter((type) => type === 'user.created')).toHaveLength(1);
    expect(types.filter((type) => type === 'user.updated')).toHaveLength(1);
    expect(types.filter((type) => type === 'project_permission.created')).toHaveLength(1);
    expect((await project.mails()).map(({ kind }) => kind)).toEqual(['contact-channel-verification']);
    expect(told(await refresh(user.refreshToken, project))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    expect(told(await refresh(upgraded.json['refresh_token'], project))).toBe(200);
    expect(told(await signIn(email, 'password1', project))).toBe(200);
  });

  test('makes a new user for a caller who is no more anonymous', async () => {
    const user = await world.signUp();
    expect((await signUp({}, user)).json['user_id']).not.toBe(user.userId);
  });

  test('leaves an anonymous user as it is when the address is taken', async () => {
    const [{ email }, user] = [await world.signUp(), await anonymous()];
    expect(told(await signUp({ email }, user))).toBe('USER_EMAIL_ALREADY_EXISTS');
    expect(await world.must('server', 'GET', `/users/${user.userId}`)).toMatchObject({ is_anonymous: true, primary_email: null });
  });

  test('of one anonymous user twice at the same time upgrades it once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const user = await anonymous();
      const answers = await Promise.all([signUp({}, user), signUp({}, user)]);
      expect(outcomes(answers)).toEqual(['200', '200']);
      expect(answers.filter((answer) => answer.json['user_id'] === user.userId)).toHaveLength(1);
      const same = await anonymous();
      const email = freshEmail();
      expect(outcomes(await Promise.all([signUp({ email }, same), signUp({ email }, same)]))).toEqual(['200', 'USER_EMAIL_ALREADY_EXISTS']);
    }
  });
});

describe('POST /auth/password/sign-in', () => {
  test('gives no session for a password that was changed while it was checked', async () => {
    for (let round = 0; round < 4; round += 1) {
      const user = await world.signUp();
      const [answer] = await Promise.all([
        signIn(user.email, 'password1'),
        post('/auth/password/update', { old_password: 'password1', new_password: 'password2' }, user),
      ]);
      if (answer.status === 200) expect(told(await refresh(answer.json['refresh_token']))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
      else expect(told(answer)).toBe('EMAIL_PASSWORD_MISMATCH');
      expect(told(await refresh(user.refreshToken))).toBe(200);
    }
  });

  test('is refused in the same words for an unknown address, a wrong password and a user without one', async () => {
    const { email } = await world.signUp();
    const codeOnly = freshEmail();
    await world.must('server', 'POST', '/users', { body: { primary_email: codeOnly, primary_email_auth_enabled: true } });
    const answers = [await signIn(freshEmail(), 'password1'), await signIn(email, 'wrong'), await signIn(codeOnly, 'password1')];
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(answers.map(told)).toEqual(Array(3).fill('EMAIL_PASSWORD_MISMATCH'));
  });
});

describe('POST /auth/password/send-reset-code', () => {
  const send = (email: string, callbackUrl = callback, in_ = world) =>
    post('/auth/password/send-reset-code', { email, callback_url: callbackUrl }, undefined, in_);

  test('says the same for an unknown address, after a wait and without a mail', async () => {
    const project = await plantWorld(legacy);
    const { email } = await project.signUp();
    const known = await send(email.toUpperCase(), callback, project);
    const start = performance.now();
    const unknown = await send(freshEmail(), callback, project);
    expect(performance.now() - start).toBeGreaterThan(35);
    expect(unknown.json).toEqual({ success: 'maybe, only if user with e-mail exists' });
    expect(known.json).toEqual(unknown.json);
    const mails = await project.mails();
    expect(mails).toHaveLength(1);
    expect(mails[0]?.payload).toMatchObject({ subject: 'Reset your password at World', recipient: { emails: [email] } });
    expect(mails[0]?.payload.text).toContain(`&code=${await project.newestCode('PASSWORD_RESET')}`);
  });

  test('is refused where passwords are off, and for a callback elsewhere', async () => {
    const off = await plantWorld(legacy, { 'auth.password.allowSignIn': false });
    expect(told(await send('a@example.com', callback, off))).toBe('PASSWORD_AUTHENTICATION_NOT_ENABLED');
    expect(told(await send('a@example.com', 'https://evil.example'))).toBe('REDIRECT_URL_NOT_WHITELISTED');
  });
});

const resetCode = async (user: Person): Promise<string> => {
  await world.must('client', 'POST', '/auth/password/send-reset-code', { body: { email: user.email, callback_url: callback } });
  return world.newestCode('PASSWORD_RESET');
};

describe('POST /auth/password/reset', () => {
  const reset = (code: string, password = 'password2') => post('/auth/password/reset', { code, password });

  test('sets the password, ends every session, and takes the code in any case', async () => {
    const user = await world.signUp();
    expect((await reset((await resetCode(user)).toUpperCase())).json).toEqual({ success: true });
    expect(told(await refresh(user.refreshToken))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    expect([told(await signIn(user.email, 'password1')), told(await signIn(user.email, 'password2'))]).toEqual([
      'EMAIL_PASSWORD_MISMATCH',
      200,
    ]);
  });

  test('gives a password to a user who had none', async () => {
    const email = freshEmail();
    await world.must('server', 'POST', '/users', { body: { primary_email: email, primary_email_auth_enabled: true } });
    await reset(await resetCode({ email } as Person));
    expect(told(await signIn(email, 'password2'))).toBe(200);
  });

  test('with a password too short spends nothing', async () => {
    const code = await resetCode(await world.signUp());
    expect(told(await reset(code, 'short'))).toBe('PASSWORD_TOO_SHORT');
    expect(told(await reset(code))).toBe(200);
    expect(told(await reset(code))).toBe('VERIFICATION_CODE_ALREADY_USED');
  });

  test.each([
    ['unknown', 'VERIFICATION_CODE_NOT_FOUND', ''],
    ['of another kind', 'VERIFICATION_CODE_NOT_FOUND', `update "VerificationCode" set "type" = 'ONE_TIME_PASSWORD' where "code" = $1`],
    ['that ran out', 'VERIFICATION_CODE_EXPIRED', `update "VerificationCode" set "expiresAt" = now() - interval '1 s' where "code" = $1`],
    [
      'guessed at too often',
      'VERIFICATION_CODE_MAX_ATTEMPTS_REACHED',
      `update "VerificationCode" set "attemptCount" = 20 where "code" = $1`,
    ],
  ])('is refused with a code %s', async (_name, expected, change) => {
    const code = change === '' ? '0'.repeat(45) : await resetCode(await world.signUp());
    if (change !== '') await legacy.admin.query(change, [code]);
    expect(told(await reset(code))).toBe(expected);
  });

  test('of a user deleted meanwhile', async () => {
    const user = await world.signUp();
    const code = await resetCode(user);
    await world.must('server', 'DELETE', `/users/${user.userId}`);
    expect(told(await reset(code))).toBe('VERIFICATION_CODE_NOT_FOUND');
  });

  test('twice with one code at the same time happens once', async () => {
    for (let round = 0; round < 4; round += 1) {
      const user = await world.signUp();
      const code = await resetCode(user);
      const answers = await Promise.all([reset(code, 'password-a'), reset(code, 'password-b')]);
      expect(outcomes(answers)).toEqual(['200', 'VERIFICATION_CODE_ALREADY_USED']);
      const winner = answers[0]?.status === 200 ? 'password-a' : 'password-b';
      expect(told(await signIn(user.email, winner))).toBe(200);
    }
  });
});

describe('POST /auth/password/reset/check-code', () => {
  test('spends nothing, and counts as a guess', async () => {
    const code = await resetCode(await world.signUp());
    const check = () => post('/auth/password/reset/check-code', { code });
    for (let guess = 0; guess < 20; guess += 1) expect((await check()).json).toEqual({ is_code_valid: true });
    expect(told(await check())).toBe('VERIFICATION_CODE_MAX_ATTEMPTS_REACHED');
  });
});

describe('POST /auth/password/set', () => {
  const set = (user: Person | undefined, password = 'password1') => post('/auth/password/set', { password }, user);

  test('is for users without a password, keeps their sessions, and happens once', async () => {
    const user = await anonymous();
    expect(outcomes(await Promise.all([set(user), set(user)]))).toEqual(['200', 'User already has a password set.']);
    expect(told(await refresh(user.refreshToken))).toBe(200);
  });

  test('needs a user and a long enough password', async () => {
    expect(told(await set(undefined))).toBe('USER_AUTHENTICATION_REQUIRED');
    expect(told(await set(await anonymous(), 'short'))).toBe('PASSWORD_TOO_SHORT');
  });
});

describe('POST /auth/password/update', () => {
  const update = (user: Person | undefined, before: string, after = 'password2') =>
    post('/auth/password/update', { old_password: before, new_password: after }, user);

  test('ends every other session and keeps the one it came with', async () => {
    const user = await world.signUp();
    const other = await world.must('client', 'POST', '/auth/password/sign-in', { body: { email: user.email, password: 'password1' } });
    expect((await update(user, 'password1')).json).toEqual({ success: true });
    expect(told(await refresh(user.refreshToken))).toBe(200);
    expect(told(await refresh(other['refresh_token']))).toBe('REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED');
    expect(told(await signIn(user.email, 'password2'))).toBe(200);
  });

  test('is refused with a wrong password, without one, too short, and without a user', async () => {
    const user = await world.signUp();
    expect(told(await update(user, 'wrong'))).toBe('PASSWORD_CONFIRMATION_MISMATCH');
    expect(told(await update(await anonymous(), 'password1'))).toBe('USER_DOES_NOT_HAVE_PASSWORD');
    expect(told(await update(user, 'password1', 'short'))).toBe('PASSWORD_TOO_SHORT');
    expect(told(await update(undefined, 'password1'))).toBe('USER_AUTHENTICATION_REQUIRED');
  });

  test('twice from one old password at the same time happens once', async () => {
    const user = await world.signUp();
    const answers = await Promise.all([update(user, 'password1', 'password-a'), update(user, 'password1', 'password-b')]);
    expect(outcomes(answers)).toEqual(['200', 'PASSWORD_CONFIRMATION_MISMATCH']);
  });
});

import type { Examples } from '../example.ts';
import { freshEmail } from '../legacy.ts';
import { answerToAuthentication, answerToRegistration, registerPasskey } from '../passkey.ts';
import { mfaAttempt, requireTotp, totp } from '../totp.ts';
import type { World } from '../world.ts';

const callback = 'http://localhost:3000/handler';
const newCode = async (world: World, type: string, path: string): Promise<string> => {
  const { email } = await world.signUp();
  await world.must('server', 'PATCH', `/users/${await userIdOf(world, email)}`, { body: { primary_email_verified: true } });
  await world.must('client', 'POST', path, { body: { email, callback_url: callback } });
  return world.newestCode(type);
};
const userIdOf = async (world: World, email: string): Promise<string> => {
  const found = await world.must('server', 'GET', `/users?query=${encodeURIComponent(email)}`);
  return String((found['items'] as { id: string }[])[0]?.id);
};
const startCli = (world: World) => world.must('client', 'POST', '/auth/cli', { body: {} });

export const sessionExamples: Examples = {
  'POST /auth/password/sign-up': { isAlone: true, make: async () => ({ body: { email: freshEmail(), password: 'password1' } }) },
  'POST /auth/password/sign-in': async (world) => {
    const { email } = await world.signUp();
    return { body: { email, password: 'password1' } };
  },
  'POST /auth/password/send-reset-code': {
    isAlone: true,
    make: async (world) => ({ body: { email: (await world.signUp()).email, callback_url: callback } }),
  },
  'POST /auth/password/reset': async (world) => ({
    body: { code: await newCode(world, 'PASSWORD_RESET', '/auth/password/send-reset-code'), password: 'password2' },
  }),
  'POST /auth/password/reset/check-code': async (world) => ({
    body: { code: await newCode(world, 'PASSWORD_RESET', '/auth/password/send-reset-code') },
  }),
  'POST /auth/password/set': async (world) => {
    await world.must('client', 'POST', '/auth/otp/send-sign-in-code', { body: { email: freshEmail(), callback_url: callback } });
    const code = await world.newestCode('ONE_TIME_PASSWORD');
    const made = await world.must('client', 'POST', '/auth/otp/sign-in', { body: { code } });
    const tokens = { accessToken: String(made['access_token']), refreshToken: String(made['refresh_token']) };
    return { user: { email: '', userId: String(made['user_id']), ...tokens }, body: { password: 'password1' } };
  },
  'POST /auth/password/update': async (world) => ({
    user: await world.signUp(),
    body: { old_password: 'password1', new_password: 'password2' },
  }),
  'POST /auth/otp/send-sign-in-code': {
    isAlone: true,
    make: async () => ({ body: { email: freshEmail(), callback_url: callback } }),
  },
  'POST /auth/otp/sign-in': async (world) => ({
    body: { code: await newCode(world, 'ONE_TIME_PASSWORD', '/auth/otp/send-sign-in-code') },
  }),
  'POST /auth/otp/sign-in/check-code': async (world) => ({
    body: { code: await newCode(world, 'ONE_TIME_PASSWORD', '/auth/otp/send-sign-in-code') },
  }),
  'POST /internal/send-sign-in-invitation': {
    isAlone: true,
    make: async () => ({ body: { email: freshEmail(), callback_url: callback } }),
  },
  'POST /auth/mfa/sign-in': async (world) => {
    const user = await world.signUp();
    await requireTotp(world, user);
    return { body: { type: 'totp', totp: totp(), code: await mfaAttempt(world, user) } };
  },
  'POST /auth/passkey/initiate-passkey-registration': async (world) => ({ user: await world.signUp(), body: {} }),
  'POST /auth/passkey/register': async (world) => {
    const user = await world.signUp();
    return { user, body: await answerToRegistration(world, user) };
  },
  'POST /auth/passkey/initiate-passkey-authentication': { isAlone: true, make: async () => ({ body: {} }) },
  'POST /auth/passkey/sign-in': async (world) => ({
    body: await answerToAuthentication(world, await registerPasskey(world, await world.signUp())),
  }),
  'POST /auth/anonymous/sign-up': { isAlone: true, make: async () => ({}) },
  'POST /auth/cli': { isAlone: true, make: async () => ({ body: {} }) },
  'POST /auth/cli/poll': async (world) => ({ body: { polling_code: (await startCli(world))['polling_code'] } }),
  'POST /auth/cli/complete': async (world) => ({
    body: { login_code: (await startCli(world))['login_code'], refresh_token: (await world.signUp()).refreshToken },
  }),
  'POST /auth/sessions/current/refresh': async (world) => ({
    headers: { 'x-stack-refresh-token': (await world.signUp()).refreshToken },
  }),
  'DELETE /auth/sessions/current': async (world) => ({ user: await world.signUp() }),
  'GET /auth/sessions': async (world) => {
    const user = await world.signUp();
    return { user, query: { user_id: user.userId } };
  },
  'POST /auth/sessions': async (world) => ({ body: { user_id: (await world.signUp()).userId } }),
  'DELETE /auth/sessions/:id': async (world) => {
    const user = await world.signUp();
    const other = await world.must('server', 'POST', '/auth/sessions', { body: { user_id: user.userId } });
    const listed = await world.must('client', 'GET', '/auth/sessions?user_id=me', { user });
    const sessions = listed['items'] as { id: string; is_current_session: boolean }[];
    const id = sessions.find((session) => !session.is_current_session)?.id;
    if (id === undefined || other['refresh_token'] === undefined) throw new Error('no second session');
    return { user, params: { id }, query: { user_id: user.userId } };
  },
  'GET /projects/:project_id/.well-known/jwks.json': {
    isAlone: true,
    make: async (world) => ({ params: { project_id: world.project.id } }),
  },
};

import type { Example, Examples } from '../example.ts';
import { freshEmail } from '../legacy.ts';
import type { World } from '../world.ts';

const callbackUrl = 'http://localhost:3000/verify';

export const userExamples: Examples = {
  'GET /users/me': async (world) => ({ user: await world.signUp() }),
  'PATCH /users/me': async (world) => ({ user: await world.signUp(), body: { display_name: 'Me' } }),
  'DELETE /users/me': async (world) => ({ user: await world.signUp() }),
  'GET /users': { isAlone: true, make: async () => ({ query: { limit: '10' } }) },
  'POST /users': { isAlone: true, make: async () => ({ body: { primary_email: freshEmail(), display_name: 'New' } }) },
  'GET /users/:user_id': async (world) => ({ params: { user_id: (await world.signUp()).userId } }),
  'PATCH /users/:user_id': async (world) => ({ params: { user_id: (await world.signUp()).userId }, body: { display_name: 'Changed' } }),
  'DELETE /users/:user_id': async (world) => ({ params: { user_id: (await world.signUp()).userId } }),
  'GET /contact-channels': async (world) => {
    const user = await world.signUp();
    return { user, query: { user_id: user.userId } };
  },
  'POST /contact-channels': async (world) => {
    const user = await world.signUp();
    return { user, body: { user_id: user.userId, type: 'email', value: freshEmail(), used_for_auth: false } };
  },
  'GET /contact-channels/:user_id/:contact_channel_id': ownChannel,
  'PATCH /contact-channels/:user_id/:contact_channel_id': async (world) => ({
    ...(await ownChannel(world)),
    body: { used_for_auth: false },
  }),
  'DELETE /contact-channels/:user_id/:contact_channel_id': ownChannel,
  'POST /contact-channels/:user_id/:contact_channel_id/send-verification-code': async (world) => ({
    ...(await ownChannel(world)),
    body: { callback_url: callbackUrl },
  }),
  'POST /contact-channels/send-verification-code': async (world) => {
    const user = await world.signUp();
    return { user, body: { email: user.email, callback_url: callbackUrl } };
  },
  'POST /contact-channels/verify': async (world) => ({ body: { code: await verificationCode(world) } }),
  'POST /contact-channels/verify/check-code': async (world) => ({ body: { code: await verificationCode(world) } }),
};

async function ownChannel(world: World): Promise<Example> {
  const user = await world.signUp();
  const listed = await world.must('client', 'GET', '/contact-channels?user_id=me', { user });
  const [channel] = listed['items'] as { id: string }[];
  if (channel === undefined) throw new Error('a new user has no contact channel');
  return { user, params: { user_id: user.userId, contact_channel_id: channel.id } };
}

async function verificationCode(world: World): Promise<string> {
  const body = { email: freshEmail(), password: 'password1', verification_callback_url: callbackUrl };
  await world.must('client', 'POST', '/auth/password/sign-up', { body });
  return world.newestCode('CONTACT_CHANNEL_VERIFICATION');
}

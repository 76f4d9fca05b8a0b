import type { Examples } from '../example.ts';
import { freshEmail } from '../legacy.ts';

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
  'POST /contact-channels/verify': async (world) => {
    const body = { email: freshEmail(), password: 'password1', verification_callback_url: 'http://localhost:3000/verify' };
    await world.must('client', 'POST', '/auth/password/sign-up', { body });
    return { body: { code: await world.newestCode('CONTACT_CHANNEL_VERIFICATION') } };
  },
};

import type { Examples } from '../examples.ts';
import { freshEmail } from '../legacy.ts';

export const sessionExamples: Examples = {
  'POST /auth/password/sign-up': { isAlone: true, make: async () => ({ body: { email: freshEmail(), password: 'password1' } }) },
  'POST /auth/password/sign-in': async (world) => {
    const { email } = await world.signUp();
    return { body: { email, password: 'password1' } };
  },
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

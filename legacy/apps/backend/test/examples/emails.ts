import type { Examples } from '../examples.ts';
import type { World } from '../world.ts';

const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';

export const emailExamples: Examples = {
  'GET /emails/notification-preference/:user_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { user_id: user.userId } };
  },
  'PATCH /emails/notification-preference/:user_id/:notification_category_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { user_id: user.userId, notification_category_id: marketing }, body: { enabled: false } };
  },
  'POST /emails/send-email': async (world) => ({ body: { user_ids: [(await world.signUp()).userId], subject: 's', html: '<p>x</p>' } }),
  'GET /emails/outbox': { isAlone: true, make: async () => ({}) },
  'GET /emails/outbox/:id': async (world) => ({ params: { id: await outboxMail(world) } }),
  'PATCH /emails/outbox/:id': async (world) => ({ params: { id: await outboxMail(world) }, body: { is_paused: true } }),
};

async function outboxMail(world: World): Promise<string> {
  const body = { user_ids: [(await world.signUp()).userId], subject: 's', html: '<p>x</p>', scheduled_at_millis: Date.now() + 1e8 };
  await world.must('server', 'POST', '/emails/send-email', { body });
  const listed = await world.must('server', 'GET', '/emails/outbox');
  const [mail] = listed['items'] as { id: string }[];
  if (mail === undefined) throw new Error('no mail in the outbox');
  return mail.id;
}

import { unsubscribeCode, unsubscribeKey } from '../../src/emails/unsubscribe-code.ts';
import type { Examples } from '../example.ts';
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
  'GET /emails/delivery-info': { isAlone: true, make: async () => ({}) },
  'POST /emails/capacity-boost': {
    isAlone: true,
    make: async (_world, _access, caller) => {
      await caller.legacy.admin.query('update "Tenancy" set "emailCapacityBoostExpiresAt" = null where "id" = $1', [
        caller.project.tenancyId,
      ]);
      return { body: {} };
    },
  },
  'GET /emails/unsubscribe-link': {
    isAlone: true,
    make: async (_world, _access, caller) => ({ query: { code: unsubscribeCodeOf(caller, (await caller.signUp()).userId) } }),
  },
  'POST /emails/render-email': { isAlone: true, make: async () => ({ body: { template_tsx_source: '<p>{{ user.displayName }}</p>' } }) },
  'GET /internal/email-templates': { isAlone: true, make: async () => ({}) },
  'POST /internal/email-templates': { isAlone: true, make: async () => ({ body: { display_name: 'Mine' } }) },
  'GET /internal/email-templates/:id': async (world) => ({ params: { id: await made(world, 'email-templates') } }),
  'PATCH /internal/email-templates/:id': async (world) => ({
    params: { id: await made(world, 'email-templates') },
    body: { tsx_source: '<p>x</p>', theme_id: null },
  }),
  'DELETE /internal/email-templates/:id': async (world) => ({ params: { id: await made(world, 'email-templates') } }),
  'GET /internal/email-themes': { isAlone: true, make: async () => ({}) },
  'POST /internal/email-themes': { isAlone: true, make: async () => ({ body: { display_name: 'Mine' } }) },
  'GET /internal/email-themes/:id': async (world) => ({ params: { id: await made(world, 'email-themes') } }),
  'PATCH /internal/email-themes/:id': async (world) => ({
    params: { id: await made(world, 'email-themes') },
    body: { tsx_source: '<div>{{ body }}</div>' },
  }),
  'DELETE /internal/email-themes/:id': async (world) => ({ params: { id: await made(world, 'email-themes') } }),
  'GET /internal/email-drafts': { isAlone: true, make: async () => ({}) },
  'POST /internal/email-drafts': {
    isAlone: true,
    make: async () => ({ body: { display_name: 'Mine', theme_id: false, tsx_source: 'x' } }),
  },
  'GET /internal/email-drafts/:id': async (world) => ({ params: { id: await made(world, 'email-drafts') } }),
  'PATCH /internal/email-drafts/:id': async (world) => ({
    params: { id: await made(world, 'email-drafts') },
    body: { display_name: 'Yours', sent_at_millis: null },
  }),
  'DELETE /internal/email-drafts/:id': async (world) => ({ params: { id: await made(world, 'email-drafts') } }),
  'GET /internal/emails': { isAlone: true, make: async () => ({}) },
  // Nobody listens there: the answer says so, and that is an answer.
  'POST /internal/send-test-email': {
    isAlone: true,
    make: async () => ({
      body: {
        recipient_email: 'somebody@example.com',
        email_config: { host: '127.0.0.1', port: 1, username: '', password: '', sender_email: 'me@example.com', sender_name: 'Me' },
      },
    }),
  },
  'PATCH /emails/outbox/:id': async (world) => ({ params: { id: await outboxMail(world) }, body: { is_paused: true } }),
};

async function made(world: World, what: string): Promise<string> {
  return String((await world.must('admin', 'POST', `/internal/${what}`, { body: { display_name: 'Mine' } }))['id']);
}

function unsubscribeCodeOf(world: World, userId: string): string {
  const { tenancyId } = world.project;
  return unsubscribeCode(unsubscribeKey('a-secret-for-these-tests', tenancyId), { tenancyId, userId, categoryId: marketing });
}

async function outboxMail(world: World): Promise<string> {
  const body = { user_ids: [(await world.signUp()).userId], subject: 's', html: '<p>x</p>', scheduled_at_millis: Date.now() + 1e8 };
  await world.must('server', 'POST', '/emails/send-email', { body });
  const listed = await world.must('server', 'GET', '/emails/outbox');
  const [mail] = listed['items'] as { id: string }[];
  if (mail === undefined) throw new Error('no mail in the outbox');
  return mail.id;
}

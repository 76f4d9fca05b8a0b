import { randomUUID } from 'node:crypto';
import type { Examples } from '../example.ts';
import type { Person, World } from '../world.ts';

const newKey = { description: 'Key', expires_at_millis: null };

export const keyAndEventExamples: Examples = {
  'GET /user-api-keys': async (world) => {
    const user = await world.signUp();
    return { user, query: { user_id: user.userId } };
  },
  'POST /user-api-keys': async (world) => {
    const user = await world.signUp();
    return { user, body: { ...newKey, user_id: user.userId } };
  },
  'POST /user-api-keys/check': async (world) => {
    const { value } = await userKey(world, await world.signUp());
    return { body: { api_key: value } };
  },
  'GET /user-api-keys/:api_key_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { api_key_id: (await userKey(world, user)).id } };
  },
  'PATCH /user-api-keys/:api_key_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { api_key_id: (await userKey(world, user)).id }, body: { description: 'Other' } };
  },
  'GET /team-api-keys': async (world) => {
    const user = await world.signUp();
    return { user, query: { team_id: (await world.createTeam(user)).id } };
  },
  'POST /team-api-keys': async (world) => {
    const user = await world.signUp();
    return { user, body: { ...newKey, team_id: (await world.createTeam(user)).id } };
  },
  'POST /team-api-keys/check': async (world) => ({ body: { api_key: (await teamKey(world, await world.signUp())).value } }),
  'GET /team-api-keys/:api_key_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { api_key_id: (await teamKey(world, user)).id } };
  },
  'PATCH /team-api-keys/:api_key_id': async (world) => {
    const user = await world.signUp();
    return { user, params: { api_key_id: (await teamKey(world, user)).id }, body: { description: 'Other' } };
  },
  'POST /data-vault/stores/:id/get': async (world) => {
    const key = randomUUID();
    await world.must('server', 'POST', '/data-vault/stores/notes/set', { body: { hashed_key: key, encrypted_value: 'x' } });
    return { params: { id: 'notes' }, body: { hashed_key: key } };
  },
  'POST /data-vault/stores/:id/set': {
    isAlone: true,
    make: async () => ({ params: { id: 'notes' }, body: { hashed_key: randomUUID(), encrypted_value: 'x' } }),
  },
  'POST /analytics/events/batch': async (world) => ({
    user: await world.signUp(),
    body: {
      session_replay_segment_id: randomUUID(),
      batch_id: randomUUID(),
      sent_at_ms: 1,
      events: [{ event_type: '$click', event_at_ms: 1, data: {} }],
    },
  }),
};

async function userKey(world: World, user: Person): Promise<{ id: string; value: string }> {
  const made = await world.must('server', 'POST', '/user-api-keys', { body: { ...newKey, user_id: user.userId } });
  return { id: String(made['id']), value: String(made['value']) };
}

async function teamKey(world: World, creator: Person): Promise<{ id: string; value: string }> {
  const { id: teamId } = await world.createTeam(creator);
  const made = await world.must('server', 'POST', '/team-api-keys', { body: { ...newKey, team_id: teamId } });
  return { id: String(made['id']), value: String(made['value']) };
}

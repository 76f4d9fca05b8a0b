import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
let person: Person;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  person = await world.signUp();
});
afterAll(() => legacy.close());

const batch = (over: object = {}) => ({
  session_replay_segment_id: randomUUID(),
  batch_id: randomUUID(),
  sent_at_ms: Date.now(),
  events: [{ event_type: '$page-view', event_at_ms: 1_700_000_000_000, data: { url: 'http://localhost/' } }],
  ...over,
});
const send = (body: object, user: Person | undefined = person) => world.call('client', 'POST', '/analytics/events/batch', { user, body });
const events = async () =>
  (
    await legacy.admin.query(`select * from "Event" where "tenancyId" = $1 and "systemEventTypeIds" && '{$page-view,$click}'`, [
      world.project.tenancyId,
    ])
  ).rows;

describe('POST /analytics/events/batch', () => {
  test('is refused where the project has turned analytics off', async () => {
    const off = await plantWorld(legacy, { 'apps.installed.analytics.enabled': false });
    const answer = await off.call('client', 'POST', '/analytics/events/batch', { user: await off.signUp(), body: batch() });
    expect([answer.status, answer.json['code']]).toEqual([400, 'ANALYTICS_NOT_ENABLED']);
  });

  test('keeps each event with its time and whose it is; the same batch again changes nothing', async () => {
    const body = batch();
    expect((await send(body)).json).toEqual({ inserted: 1 });
    expect((await send(body)).json).toEqual({ inserted: 0 });
    expect(await events()).toMatchObject([
      {
        systemEventTypeIds: ['$page-view'],
        eventStartedAt: new Date(1_700_000_000_000),
        data: { url: 'http://localhost/', user_id: person.userId },
      },
    ]);
  });

  test('of which one is sent twice at once inserts once', async () => {
    const body = batch();
    const answers = await Promise.all([send(body), send(body), send(body)]);
    expect(answers.map(({ json }) => json['inserted']).sort()).toEqual([0, 0, 1]);
  });

  test('is unpacked when pages zip it, and refused when it would unpack to more than a body may have', async () => {
    const post = (bytes: Uint8Array) =>
      world.call('client', 'POST', '/analytics/events/batch', {
        user: person,
        rawBytes: bytes,
        contentType: 'application/octet-stream',
      });
    expect((await post(gzipSync(JSON.stringify(batch())))).json).toEqual({ inserted: 1 });
    expect((await post(gzipSync(' '.repeat(2_000_000)))).json).toMatchObject({ code: 'BODY_PARSING_ERROR' });
    expect((await post(Buffer.from('no zip'))).json).toMatchObject({ code: 'BODY_PARSING_ERROR' });
  });

  test.each([
    ['no event', { events: [] }, 'body.events'],
    ['too many', { events: Array.from({ length: 501 }, () => batch().events[0]) }, 'body.events'],
    ['an event of the server’s own', { events: [{ event_type: '$token-refresh', event_at_ms: 1, data: {} }] }, 'event_type'],
    ['something unknown', { surprise: 1 }, 'body contains unknown properties: surprise'],
  ])('with %s is refused', async (_name, over, words) => {
    expect((await send(batch(over))).json).toMatchObject({ code: 'SCHEMA_ERROR', error: expect.stringContaining(words) });
  });

  test('needs a user', async () => {
    const answer = await world.call('client', 'POST', '/analytics/events/batch', { body: batch() });
    expect(answer.json).toMatchObject({ code: 'USER_AUTHENTICATION_REQUIRED' });
  });
});

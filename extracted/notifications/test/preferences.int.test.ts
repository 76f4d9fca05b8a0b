import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unsubscribeCode } from '../src/mail/unsubscribe-code.ts';
import { unsubscribeKey } from './fake-legacy.ts';
import { type Call, call, publicUrl, type Service, startService } from './service.ts';

const transactional = '7bb82d33-2f54-4a3d-9d23-82739e0d66ef';
const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';

let service: Service;
beforeAll(async () => {
  service = await startService();
  await service.own();
});
afterAll(() => service.close());

async function caller(options: { isAnonymous?: boolean; isProjected?: boolean } = {}) {
  const project = await service.project();
  const user = await service.user(project.tenancyId, options);
  const token = await service.legacy.token(user, { projectId: project.id, publicUrl });
  const preferencesOf = (id: string) => `/api/v1/emails/notification-preference/${id}`;
  return {
    project,
    user,
    get: (change: Partial<Call> = {}) =>
      call(service, { as: 'client', projectId: project.id, token, path: preferencesOf('me'), ...change }),
    patch: (category: string, enabled: unknown, change: Partial<Call> = {}) =>
      call(service, {
        method: 'PATCH',
        as: 'client',
        projectId: project.id,
        token,
        path: `${preferencesOf('me')}/${category}`,
        body: { enabled },
        ...change,
      }),
    preferencesOf,
  };
}

const item = (category: 'Transactional' | 'Marketing', enabled: boolean) => ({
  notification_category_id: category === 'Transactional' ? transactional : marketing,
  notification_category_name: category,
  enabled,
  can_disable: category === 'Marketing',
});

describe('a user’s own preferences', () => {
  test('are all on at first, in fixed order, as compact JSON', async () => {
    const { get } = await caller();
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(JSON.stringify({ items: [item('Transactional', true), item('Marketing', true)], is_paginated: false }));
  });

  test('can be changed and read back, under /api/latest as well', async () => {
    const { get, patch, user } = await caller();
    expect((await patch(marketing, false)).json).toEqual(item('Marketing', false));
    expect((await get({ path: `/api/latest/emails/notification-preference/${user.id}` })).json['items']).toEqual([
      item('Transactional', true),
      item('Marketing', false),
    ]);
    expect((await patch(marketing, 'true')).json).toEqual(item('Marketing', true));
  });

  test('can be written at the same time', async () => {
    const { patch } = await caller();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => patch(marketing, index % 2 === 0)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
  });

  test('of an anonymous user are like any other’s', async () => {
    const { get } = await caller({ isAnonymous: true });
    expect((await get()).status).toBe(200);
  });

  test('are reached with the newer header family as well', async () => {
    const { project, user } = await caller();
    const token = await service.legacy.token(user, { projectId: project.id, publicUrl });
    const headers = { 'x-hexclave-access-type': 'client', 'x-hexclave-project-id': project.id, 'x-hexclave-access-token': token };
    expect((await call(service, { as: 'nobody', path: '/api/v1/emails/notification-preference/me', headers })).status).toBe(200);
  });
});

describe('a server', () => {
  test.each(['server', 'admin'] as const)('as %s reads and writes any user’s preferences', async (as) => {
    const { get, patch, user, preferencesOf } = await caller();
    const path = preferencesOf(user.id);
    expect((await patch(marketing, false, { as, path: `${path}/${marketing}` })).status).toBe(200);
    expect((await get({ as, path })).json['items']).toEqual([item('Transactional', true), item('Marketing', false)]);
  });

  test('learns that a user does not exist', async () => {
    const { get, patch, preferencesOf } = await caller();
    for (const answer of [
      await get({ as: 'server', path: preferencesOf(randomUUID()) }),
      await patch(marketing, false, { as: 'server', path: `${preferencesOf(randomUUID())}/${marketing}` }),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.text).toBe('{\n  "code": "USER_NOT_FOUND",\n  "error": "User not found."\n}');
      expect(answer.headers.get('x-stack-known-error')).toBe('USER_NOT_FOUND');
    }
  });

  test('does not reach the users of another project', async () => {
    const [{ patch }, other] = [await caller(), await caller()];
    const answer = await patch(marketing, false, { as: 'server', path: `${other.preferencesOf(other.user.id)}/${marketing}` });
    expect(answer.json['code']).toBe('USER_NOT_FOUND');
  });
});

describe('refused are', () => {
  test('a client that asks about another user, with a text', async () => {
    const { get, patch, preferencesOf } = await caller();
    for (const answer of [
      await get({ path: preferencesOf(randomUUID()) }),
      await patch(marketing, false, { path: `${preferencesOf(randomUUID())}/${marketing}` }),
    ]) {
      expect([answer.status, answer.text, answer.headers.get('x-stack-known-error')]).toEqual([
        403,
        'Client can only manage their own notification preferences',
        null,
      ]);
    }
  });

  test('`me` and an own id without a user', async () => {
    const { get, user, preferencesOf, project } = await caller();
    const anyone = { as: 'client', projectId: project.id } as const;
    expect((await call(service, { ...anyone, path: preferencesOf('me') })).json['code']).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
    expect((await call(service, { ...anyone, path: preferencesOf(user.id) })).json['code']).toBe('USER_AUTHENTICATION_REQUIRED');
    expect((await get()).status).toBe(200);
  });

  test('an unknown category and the category that must stay on', async () => {
    const { patch } = await caller();
    const unknown = await patch(randomUUID(), false);
    expect([unknown.status, unknown.text]).toEqual([404, 'Notification category not found.']);
    const fixed = await patch(transactional, false);
    expect([fixed.status, fixed.text]).toEqual([400, 'This notification category cannot be disabled']);
    expect((await patch(transactional, true)).status).toBe(200);
  });

  test('bodies of another shape, with every problem in the legacy’s words', async () => {
    const { patch, get } = await caller();
    const answer = await patch(marketing, undefined, {
      path: '/api/v1/emails/notification-preference/nobody/nothing?x=1',
      as: 'server',
      body: { on: 1 },
    });
    expect(answer.status).toBe(400);
    const message =
      'Request validation failed on PATCH /api/v1/emails/notification-preference/nobody/nothing:\n  - query contains unknown properties: x\n' +
      '  - params.user_id must be a valid UUID\n  - params.notification_category_id must be a valid UUID\n  - body.enabled must be defined\n' +
      '  - body contains unknown properties: on';
    expect(answer.json).toEqual({ code: 'SCHEMA_ERROR', details: { message }, error: message });
    expect((await get({ path: '/api/v1/emails/notification-preference/me?limit=3' })).json['code']).toBe('SCHEMA_ERROR');
  });

  test('nothing of a refused write is stored', async () => {
    const { user, patch } = await caller();
    await patch(transactional, false);
    await patch(randomUUID(), false);
    const { rows } = await service.admin.query('select 1 from notification_preference where project_user_id = $1', [user.id]);
    expect(rows).toEqual([]);
  });
});

describe('the link out of a mail', () => {
  const follow = (code: string, headers = {}) =>
    call(service, { as: 'nobody', path: `/api/v1/emails/unsubscribe-link?code=${encodeURIComponent(code)}`, headers });
  const codeOf = (user: { tenancyId: string; id: string }, key = unsubscribeKey) =>
    unsubscribeCode(key, { tenancyId: user.tenancyId, userId: user.id, categoryId: marketing });
  const choices = async (user: { id: string }) =>
    (await service.admin.query('select enabled from notification_preference where project_user_id = $1', [user.id])).rows;

  test('turns the category off, for whoever follows it, as often as it is followed', async () => {
    await service.own();
    const user = await service.user((await service.project()).tenancyId);
    for (const _time of [1, 2]) {
      const answer = await follow(codeOf(user));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.text).toContain('You will no longer receive Marketing emails');
    }
    expect(await choices(user)).toEqual([{ enabled: false }]);
  });

  test('that is not proven, or speaks of a project or a user there is not, does nothing', async () => {
    await service.own();
    const { tenancyId } = await service.project();
    const user = await service.user(tenancyId);
    const bad = [
      codeOf(user, Buffer.alloc(32, 8)),
      codeOf({ tenancyId: randomUUID(), id: user.id }),
      codeOf({ tenancyId, id: randomUUID() }),
      'x',
      '',
    ];
    for (const code of bad) {
      const answer = await follow(code);
      expect([answer.status, answer.text.includes('This link is not valid')]).toEqual([404, true]);
    }
    expect(await choices(user)).toEqual([]);
    expect((await call(service, { as: 'nobody', path: '/api/v1/emails/unsubscribe-link' })).json['code']).toBe('SCHEMA_ERROR');
  });

  test('followed while another side owns the slice, or under an old epoch, changes nothing and says so', async () => {
    const epoch = await service.own();
    const user = await service.user((await service.project()).tenancyId);
    expect((await follow(codeOf(user), { 'x-gw-epoch': `notifications=${epoch - 1n}` })).headers.get('x-gw-not-executed')).toBe(
      'EPOCH_TOO_OLD',
    );
    await service.disown();
    const answer = await follow(codeOf(user));
    expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([503, 'NOT_OWNER']);
    expect(await choices(user)).toEqual([]);
  });
});

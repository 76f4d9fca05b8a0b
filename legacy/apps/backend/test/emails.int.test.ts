import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { as, freshEmail, internalTenancyId, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';

let legacy: Legacy;
let person: SignedUp;
beforeAll(async () => {
  legacy = await openLegacy();
  person = await signUp(legacy);
});
afterAll(() => legacy.close());

const transactional = '7bb82d33-2f54-4a3d-9d23-82739e0d66ef';
const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';
const server = (method: string, path: string, body?: unknown) =>
  legacy.call(method, path, { headers: as('server'), ...(body === undefined ? {} : { body }) });
const client = (method: string, path: string, body?: unknown) =>
  legacy.call(method, path, { headers: as('client'), token: person.accessToken, ...(body === undefined ? {} : { body }) });
const send = async (body: object) => {
  const answer = await server('POST', '/emails/send-email', { user_ids: [person.userId], html: '<p>x</p>', ...body });
  expect(answer.status, answer.text).toBe(200);
  const { rows } = await legacy.admin.query('select "id" from "EmailOutbox" order by "createdAt" desc, "id" desc limit 1');
  return String(rows[0].id);
};

describe('preferences', () => {
  const item = (id: string, name: string, enabled: boolean, canDisable: boolean) => ({
    notification_category_id: id,
    notification_category_name: name,
    enabled,
    can_disable: canDisable,
  });

  test('are on until turned off, and keep their order', async () => {
    const before = await client('GET', '/emails/notification-preference/me');
    expect(before.json).toEqual({
      items: [item(transactional, 'Transactional', true, false), item(marketing, 'Marketing', true, true)],
      is_paginated: false,
    });
    const off = await client('PATCH', `/emails/notification-preference/me/${marketing}`, { enabled: false });
    expect([off.status, off.json]).toEqual([200, item(marketing, 'Marketing', false, true)]);
    const after = await server('GET', `/emails/notification-preference/${person.userId}`);
    expect(after.json['items']).toEqual([item(transactional, 'Transactional', true, false), item(marketing, 'Marketing', false, true)]);
  });

  const missing = randomUUID();
  const cases: [string, () => ReturnType<typeof client>, number, string][] = [
    [
      'a client looks at another user',
      () => client('GET', `/emails/notification-preference/${missing}`),
      403,
      'Client can only manage their own notification preferences',
    ],
    [
      'a client changes another user',
      () => client('PATCH', `/emails/notification-preference/${missing}/${marketing}`, { enabled: true }),
      403,
      'Client can only manage their own notification preferences',
    ],
    [
      'an unknown category',
      () => client('PATCH', `/emails/notification-preference/me/${missing}`, { enabled: true }),
      404,
      'Notification category not found.',
    ],
    [
      'a category that must stay on',
      () => client('PATCH', `/emails/notification-preference/me/${transactional}`, { enabled: false }),
      400,
      'This notification category cannot be disabled',
    ],
  ];
  test.each(cases)('refused in plain text: %s', async (_name, ask, status, text) => {
    const answer = await ask();
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([status, text, 'text/plain; charset=utf-8']);
  });

  test('of a user who does not exist', async () => {
    for (const answer of [
      await server('GET', `/emails/notification-preference/${missing}`),
      await server('PATCH', `/emails/notification-preference/${missing}/${marketing}`, { enabled: true }),
    ]) {
      expect([answer.status, answer.json['code']]).toEqual([404, 'USER_NOT_FOUND']);
    }
  });

  test('of nobody in particular', async () => {
    const answer = await legacy.call('GET', '/emails/notification-preference/me', { headers: as('client') });
    expect(answer.json['code']).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
  });

  test('survive eight changes at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client('PATCH', `/emails/notification-preference/me/${marketing}`, { enabled: index % 2 === 0 }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
  });
});

describe('sending', () => {
  test('makes one mail a user, in the order given, each once', async () => {
    const second = await signUp(legacy);
    const answer = await server('POST', '/emails/send-email', {
      user_ids: [second.userId, person.userId, second.userId],
      html: '<p>x</p>',
      subject: 'Once each',
    });
    expect([answer.status, answer.json]).toEqual([200, { results: [{ user_id: second.userId }, { user_id: person.userId }] }]);
    const { rows } = await legacy.admin.query(`select count(*)::int as mails from "EmailOutbox" where "subject" = 'Once each'`);
    expect(rows[0].mails).toBe(2);
  });

  test('to all users reaches all who signed up', async () => {
    await server('POST', '/users', { is_anonymous: true });
    const answer = await server('POST', '/emails/send-email', { all_users: true, html: 'x', subject: 'All' });
    const { rows } = await legacy.admin.query(
      'select count(*)::int as people from "ProjectUser" where "tenancyId" = $1 and not "isAnonymous"',
      [internalTenancyId],
    );
    expect(answer.json['results']).toHaveLength(rows[0].people);
  });

  const missing = randomUUID();
  test.each([
    ['neither users nor all', { html: 'x' }, 400, 'Exactly one of user_ids or all_users must be provided'],
    ['both', { user_ids: [missing], all_users: true, html: 'x' }, 400, 'Exactly one of user_ids or all_users must be provided'],
    ['a template', { all_users: true, template_id: 't' }, 400, 'Templates and drafts are not available'],
    ['a draft', { all_users: true, draft_id: 'd' }, 400, 'Templates and drafts are not available'],
    ['no content', { all_users: true }, 400, 'html must be provided'],
    ['an unknown category', { all_users: true, html: 'x', notification_category_name: 'Nope' }, 404, 'Notification category not found.'],
    ['a mail beyond the limit of a row', { all_users: true, html: 'x'.repeat(600_000) }, 400, 'The email is too large.'],
  ])('is refused in plain text: %s', async (_name, body, status, text) => {
    const answer = await server('POST', '/emails/send-email', body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test('to one unknown user among known ones sends nothing', async () => {
    const answer = await server('POST', '/emails/send-email', { user_ids: [person.userId, missing], html: 'x', subject: 'Half' });
    expect(answer.json).toMatchObject({ code: 'USER_ID_DOES_NOT_EXIST', details: { user_id: missing } });
    const { rows } = await legacy.admin.query(`select count(*)::int as mails from "EmailOutbox" where "subject" = 'Half'`);
    expect(rows[0].mails).toBe(0);
  });

  test('is for servers, and for 500 users at most', async () => {
    expect((await client('POST', '/emails/send-email', {})).json['code']).toBe('INSUFFICIENT_ACCESS_TYPE');
    const answer = await server('POST', '/emails/send-email', { user_ids: Array.from({ length: 501 }, () => randomUUID()), html: 'x' });
    expect(answer.json['code']).toBe('SCHEMA_ERROR');
  });
});

describe('the outbox', () => {
  test('shows a mail as published clients read it', async () => {
    const id = await send({ subject: 'Shown' });
    const answer = await server('GET', `/emails/outbox/${id}`);
    expect(answer.json).toMatchObject({
      id,
      status: 'queued',
      simple_status: 'in-progress',
      subject: 'Shown',
      html: '<p>x</p>',
      tsx_source: '<p>x</p>',
      to: { type: 'user-primary-email', user_id: person.userId },
      is_transactional: true,
      notification_category_id: transactional,
      created_with: 'programmatic-call',
      has_rendered: true,
      has_delivered: false,
    });
  });

  test('is read page by page, newest first, each mail once', async () => {
    const all = (await server('GET', '/emails/outbox?limit=100')).json['items'] as { id: string; created_at_millis: number }[];
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { id: string }[]; pagination: { next_cursor: string | null } } = (
        await server('GET', `/emails/outbox?limit=4${cursor === null ? '' : `&cursor=${cursor}`}`)
      ).json as never;
      seen.push(...page.items.map((mail) => mail.id));
      cursor = page.pagination.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(all.map((mail) => mail.id));
    expect(all.map((mail) => mail.created_at_millis)).toEqual(all.map((mail) => mail.created_at_millis).sort((a, b) => b - a));
    expect((await server('GET', '/emails/outbox?limit=101')).json['code']).toBe('SCHEMA_ERROR');
  });

  test('filters by the same states it shows', async () => {
    const later = await send({ scheduled_at_millis: Date.now() + 1e7 });
    const paused = await send({});
    await server('PATCH', `/emails/outbox/${paused}`, { is_paused: true });
    const cancelled = await send({});
    await server('PATCH', `/emails/outbox/${cancelled}`, { cancel: true });
    const outcomes = ['sent', 'server-error', 'unknown', 'skipped'] as const;
    for (const outcome of outcomes) {
      const id = await send({});
      await legacy.admin.query(
        `update "EmailOutbox" set "outcome" = $2, "startedSendingAt" = now(), "finishedSendingAt" = now(), "skippedReason" = 'USER_UNSUBSCRIBED' where "id" = $1`,
        [id, outcome],
      );
    }
    expect(later).not.toBe(paused);
    const all = (await server('GET', '/emails/outbox?limit=100')).json['items'] as { id: string; status: string; simple_status: string }[];
    for (const status of ['paused', 'scheduled', 'queued', 'sending', 'server-error', 'skipped', 'sent', 'bounced']) {
      const filtered = (await server('GET', `/emails/outbox?limit=100&status=${status}`)).json['items'] as { id: string }[];
      expect(
        filtered.map((mail) => mail.id),
        status,
      ).toEqual(all.filter((mail) => mail.status === status).map((mail) => mail.id));
    }
    for (const simple of ['in-progress', 'error', 'ok']) {
      const filtered = (await server('GET', `/emails/outbox?limit=100&simple_status=${simple}`)).json['items'] as { id: string }[];
      expect(
        filtered.map((mail) => mail.id),
        simple,
      ).toEqual(all.filter((mail) => mail.simple_status === simple).map((mail) => mail.id));
    }
  });

  test('lets a mail be paused, resumed, moved, renamed and cancelled, and nothing once it is over', async () => {
    const id = await send({});
    const at = Date.now() + 1e7;
    expect((await server('PATCH', `/emails/outbox/${id}`, { is_paused: true })).json).toMatchObject({ status: 'paused', is_paused: true });
    expect(
      (await server('PATCH', `/emails/outbox/${id}`, { is_paused: false, scheduled_at_millis: at, subject: 'New' })).json,
    ).toMatchObject({ status: 'scheduled', scheduled_at_millis: at, subject: 'New' });
    expect((await server('PATCH', `/emails/outbox/${id}`, { cancel: true })).json).toMatchObject({
      status: 'skipped',
      skipped_reason: 'MANUALLY_CANCELLED',
    });
    expect((await server('PATCH', `/emails/outbox/${id}`, { subject: 'Too late' })).json).toMatchObject({
      code: 'EMAIL_NOT_EDITABLE',
      details: { email_id: id, status: 'SKIPPED' },
    });
  });

  test('has no mail of another project, nor one that does not exist', async () => {
    const id = randomUUID();
    for (const answer of [
      await server('GET', `/emails/outbox/${id}`),
      await server('PATCH', `/emails/outbox/${id}`, {}),
      await server('GET', `/emails/outbox?cursor=${id}`),
    ]) {
      expect([answer.status, answer.text]).toEqual([404, 'Email not found.']);
    }
    const foreign = randomUUID();
    await legacy.admin.query(
      `insert into "EmailOutbox" ("tenancyId", "id", "recipient", "source", "isTransactional", "isHighPriority", "scheduledAt") values ($1, $2, '{}', '', true, false, now())`,
      [randomUUID(), foreign],
    );
    expect((await server('GET', `/emails/outbox/${foreign}`)).status).toBe(404);
  });
});

describe('when another process owns notifications', () => {
  const refuse = async (state: string) => {
    await legacy.admin.query(
      `create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'not here' using errcode = '${state}'; end $$`,
    );
    for (const table of ['EmailOutbox', 'UserNotificationPreference']) {
      await legacy.admin.query(
        `create or replace trigger refuse before insert or update or delete on "${table}" for each row execute function refuse()`,
      );
    }
  };
  const writes = (id: string): [string, string, object][] => [
    ['PATCH', `/emails/notification-preference/${person.userId}/${marketing}`, { enabled: true }],
    ['POST', '/emails/send-email', { user_ids: [person.userId], html: 'x' }],
    ['PATCH', `/emails/outbox/${id}`, { is_paused: true }],
  ];

  test.each(['SF001', '40001'])('a refused write (%s) says that nothing was done', async (state) => {
    const id = await send({});
    await refuse(state);
    try {
      for (const [method, path, body] of writes(id)) {
        const answer = await server(method, path, body);
        expect([answer.status, answer.headers.get('x-gw-not-executed')], `${method} ${path}`).toEqual([503, 'NOT_OWNER']);
      }
      expect((await client('GET', '/emails/notification-preference/me')).status).toBe(200);
    } finally {
      await legacy.admin.query('drop function refuse cascade');
    }
  });

  test('another failure does not say so', async () => {
    const id = await send({});
    await refuse('23505');
    try {
      for (const [method, path, body] of writes(id)) {
        const answer = await server(method, path, body);
        expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([500, null]);
      }
    } finally {
      await legacy.admin.query('drop function refuse cascade');
    }
  });

  test('sign-up and deletion go on as before', async () => {
    await refuse('SF001');
    try {
      const newcomer = await signUp(legacy, { callbackUrl: 'http://localhost:3000/v' });
      expect((await server('DELETE', `/users/${newcomer.userId}`)).status).toBe(200);
    } finally {
      await legacy.admin.query('drop function refuse cascade');
    }
  });
});

test('a user cannot be deleted while a write about it is under way, and the write sees no half-deleted user', async () => {
  const target = String((await server('POST', '/users', { primary_email: freshEmail() })).json['id']);
  const holder = await legacy.admin.connect();
  await holder.query('begin');
  await holder.query('delete from "ProjectUser" where "projectUserId" = $1', [target]);
  const writing = server('PATCH', `/emails/notification-preference/${target}/${marketing}`, { enabled: false });
  await holder.query('commit');
  holder.release();
  expect((await writing).json['code']).toBe('USER_NOT_FOUND');
  const { rows } = await legacy.admin.query('select count(*)::int as left from "UserNotificationPreference" where "projectUserId" = $1', [
    target,
  ]);
  expect(rows[0].left).toBe(0);
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { as, freshEmail, internalTenancyId, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';
import { plantWorld } from './world.ts';

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

describe('GET /emails/notification-preference/:user_id', () => {
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

describe('POST /emails/send-email', () => {
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
    ['an unknown template', { all_users: true, template_id: 't' }, 404, 'Template not found.'],
    ['an unknown draft', { all_users: true, draft_id: 'd' }, 404, 'Draft not found.'],
    ['an unknown theme', { all_users: true, html: 'x', theme_id: missing }, 404, 'Theme not found.'],
    ['no content', { all_users: true }, 400, 'Exactly one of html, template_id or draft_id must be provided'],
    ['two contents', { all_users: true, html: 'x', draft_id: 'd' }, 400, 'Exactly one of html, template_id or draft_id must be provided'],
    ['an unknown category', { all_users: true, html: 'x', notification_category_name: 'Nope' }, 404, 'Notification category not found.'],
    ['a mail beyond the limit of a row', { all_users: true, html: 'x'.repeat(600_000) }, 400, 'The email is too large.'],
  ])('is refused in plain text: %s', async (_name, body, status, text) => {
    const answer = await server('POST', '/emails/send-email', body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test('by template prints user, project and variables, in its category', async () => {
    const world = await plantWorld(legacy, {
      'emails.templates': {
        'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee': {
          displayName: 'Mine',
          tsxSource:
            '{% capture subject %}{{ variables.count }} for {{ user.displayName }}{% endcapture %}{% capture notificationCategory %}Marketing{% endcapture %}<p>{{ project.displayName }}</p>',
          themeId: false,
        },
      },
    });
    const [ann, bob] = [await world.signUp(), await world.signUp()];
    await world.must('client', 'PATCH', '/users/me', { user: ann, body: { display_name: 'Ann' } });
    const body = { user_ids: [ann.userId, bob.userId], template_id: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', variables: { count: 3 } };
    await world.must('server', 'POST', '/emails/send-email', { body });
    const mails = (await world.must('server', 'GET', '/emails/outbox'))['items'] as Record<string, unknown>[];
    expect(mails.map((mail) => mail['subject']).sort()).toEqual(['3 for', '3 for Ann']);
    expect(mails[0]).toMatchObject({
      is_transactional: false,
      notification_category_id: marketing,
      theme_id: null,
      variables: { count: 3 },
    });
    expect(mails[0]?.['html']).toMatch(/^<p>World<\/p>\n<p><a href="http:\/\/localhost:8102\/api\/v1\/emails\/unsubscribe-link\?code=/);
    const named = { ...body, subject: 'Mine', notification_category_name: 'Transactional' };
    await world.must('server', 'POST', '/emails/send-email', { body: named });
    expect((await world.must('server', 'GET', '/emails/outbox'))['items']).toContainEqual(
      expect.objectContaining({ subject: 'Mine', is_transactional: true, html: '<p>World</p>' }),
    );
  });

  test('wears the project’s selected theme, or what the call says', async () => {
    const world = await plantWorld(legacy, { 'emails.selectedThemeId': 'a0172b5d-cff0-463b-83bb-85124697373a' });
    const user = await world.signUp();
    const themeOf = async (theme: object) => {
      await world.must('server', 'POST', '/emails/send-email', { body: { user_ids: [user.userId], html: 'x', ...theme } });
      return ((await world.must('server', 'GET', '/emails/outbox'))['items'] as Record<string, unknown>[])[0]?.['theme_id'];
    };
    expect(await themeOf({})).toBe('a0172b5d-cff0-463b-83bb-85124697373a');
    expect(await themeOf({ theme_id: null })).toBe('a0172b5d-cff0-463b-83bb-85124697373a');
    expect(await themeOf({ theme_id: false })).toBeNull();
    expect(await themeOf({ theme_id: 'c7e2d94f-8a1b-4e6d-b3f5-9d0a2e7c1b8f' })).toBe('c7e2d94f-8a1b-4e6d-b3f5-9d0a2e7c1b8f');
  });

  test('does not read liquid in html', async () => {
    const id = await send({ html: '<p>{{ user.displayName }} {% x %}</p>', theme_id: false });
    expect((await server('GET', `/emails/outbox/${id}`)).json['html']).toBe('<p>{{ user.displayName }} {% x %}</p>');
  });

  test('of a source that takes too long is refused, and sends nothing', async () => {
    const slow = '{% for a in (1..3000) %}{% for b in (1..3000) %}{{ b }}{% endfor %}{% endfor %}';
    const world = await plantWorld(legacy, {
      'emails.templates': { 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee': { displayName: 'Slow', tsxSource: slow } },
    });
    const body = { user_ids: [(await world.signUp()).userId], template_id: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' };
    expect((await world.call('server', 'POST', '/emails/send-email', { body })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect((await world.must('server', 'GET', '/emails/outbox'))['items']).toEqual([]);
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

describe('GET /emails/outbox', () => {
  test('shows a mail as published clients read it', async () => {
    const id = await send({ subject: 'Shown' });
    const answer = await server('GET', `/emails/outbox/${id}`);
    expect(answer.json).toMatchObject({
      id,
      status: 'queued',
      simple_status: 'in-progress',
      subject: 'Shown',
      html: expect.stringContaining('\n<p>x</p>\n'),
      text: 'x',
      theme_id: '1df07ae6-abf3-4a40-83a5-a1a2cbe336ac',
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

describe('GET /emails/outbox/:id', () => {
  test('is for the project’s own mails', async () => {
    expect((await server('GET', `/emails/outbox/${randomUUID()}`)).text).toBe('Email not found.');
  });
});

describe('PATCH /emails/notification-preference/:user_id/:notification_category_id', () => {
  test('keeps what was chosen last', async () => {
    for (const enabled of [false, true, false]) {
      const answer = await client('PATCH', `/emails/notification-preference/me/${marketing}`, { enabled });
      expect(answer.json['enabled']).toBe(enabled);
    }
    const { json } = await client('GET', '/emails/notification-preference/me');
    expect((json['items'] as { enabled: boolean }[])[1]?.enabled).toBe(false);
    await client('PATCH', `/emails/notification-preference/me/${marketing}`, { enabled: true });
  });
});

describe('PATCH /emails/outbox/:id', () => {
  const patch = (id: string, body: object) => server('PATCH', `/emails/outbox/${id}`, body);

  test('renders a mail anew when its source, theme, variables or recipient change', async () => {
    const other = await signUp(legacy);
    await legacy.call('PATCH', '/users/me', { headers: as('client'), token: other.accessToken, body: { display_name: 'Bob' } });
    const id = await send({ subject: 'Old' });
    const source = '{% capture subject %}For {{ user.displayName }}{% endcapture %}<p>{{ variables.count }}</p>';
    const changed = await patch(id, {
      tsx_source: source,
      theme_id: null,
      variables: { count: 3 },
      to: { type: 'user-primary-email', user_id: other.userId },
      skip_deliverability_check: true,
    });
    expect(changed.json).toMatchObject({
      tsx_source: source,
      theme_id: null,
      variables: { count: 3 },
      to: { type: 'user-primary-email', user_id: other.userId },
      subject: 'For Bob',
      html: '<p>3</p>',
      text: '3',
    });
    expect((await patch(id, { to: { type: 'custom-emails', emails: ['a@example.com'] } })).json).toMatchObject({ html: '<p>3</p>' });
    expect((await patch(id, { theme_id: 'a0172b5d-cff0-463b-83bb-85124697373a' })).json['html']).toContain('background:#323232');
  });

  test.each([
    ['a source that cannot be rendered', { tsx_source: '{% if %}' }, 'EMAIL_RENDERING_ERROR'],
    ['a recipient there is not', { to: { type: 'user-primary-email', user_id: randomUUID() } }, 'USER_ID_DOES_NOT_EXIST'],
    ['a recipient that is none', { to: { type: 'custom-emails', emails: ['a@example.com, b@example.com'] } }, 'SCHEMA_ERROR'],
    ['variables that are none', { variables: [1] }, 'SCHEMA_ERROR'],
  ])('refuses %s and changes nothing', async (_name, body, code) => {
    const id = await send({ subject: 'Stays' });
    const before = await server('GET', `/emails/outbox/${id}`);
    expect((await patch(id, body)).json['code']).toBe(code);
    expect((await server('GET', `/emails/outbox/${id}`)).json).toEqual(before.json);
  });

  test.each(['server-error', 'unknown'])('lets a mail that failed (%s) be tried again', async (outcome) => {
    const id = await send({});
    await legacy.admin.query(
      `update "EmailOutbox" set "outcome" = $2, "startedSendingAt" = now(), "finishedSendingAt" = now(), "sendRetries" = 4 where "id" = $1`,
      [id, outcome],
    );
    expect((await patch(id, {})).json).toMatchObject({ status: 'server-error' });
    expect((await patch(id, { is_paused: false })).json).toMatchObject({ status: 'queued', send_retries: 0 });
  });

  test('refuses what is on its way or has arrived', async () => {
    const id = await send({});
    await legacy.admin.query('update "EmailOutbox" set "startedSendingAt" = now() where "id" = $1', [id]);
    expect((await patch(id, { subject: 'x' })).json).toMatchObject({ code: 'EMAIL_NOT_EDITABLE', details: { status: 'SENDING' } });
    await legacy.admin.query(`update "EmailOutbox" set "outcome" = 'sent', "finishedSendingAt" = now() where "id" = $1`, [id]);
    expect((await patch(id, { cancel: true })).json).toMatchObject({ code: 'EMAIL_NOT_EDITABLE', details: { status: 'SENT' } });
  });

  test('of two at once about one mail both are done, or the later is refused', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await send({});
      const [cancelled, renamed] = await Promise.all([patch(id, { cancel: true }), patch(id, { subject: 'Raced' })]);
      expect(cancelled.status).toBe(200);
      expect([200, 400]).toContain(renamed.status);
      expect((await server('GET', `/emails/outbox/${id}`)).json).toMatchObject({
        status: 'skipped',
        subject: renamed.status === 200 ? 'Raced' : '',
      });
    }
  });
});

describe('GET /emails/delivery-info', () => {
  test('counts what was sent in the last hour, day, week and month', async () => {
    const world = await plantWorld(legacy);
    for (const [age, outcome] of [
      ['1 minute', 'sent'],
      ['2 hours', 'sent'],
      ['2 days', 'sent'],
      ['20 days', 'sent'],
      ['40 days', 'sent'],
      ['1 minute', 'skipped'],
    ]) {
      await legacy.admin.query(
        `insert into "EmailOutbox" ("tenancyId", "id", "recipient", "source", "isTransactional", "isHighPriority", "scheduledAt", "outcome", "finishedSendingAt")
         values ($1, $2, '{}', '', true, false, now(), $3, now() - $4::interval)`,
        [world.project.tenancyId, randomUUID(), outcome, age],
      );
    }
    const sent = (count: number) => ({ sent: count, bounced: 0, marked_as_spam: 0 });
    expect(await world.must('server', 'GET', '/emails/delivery-info')).toEqual({
      stats: { hour: sent(1), day: sent(2), week: sent(3), month: sent(4) },
      capacity: { rate_per_second: 10, boost_multiplier: 1, penalty_factor: 1, is_boost_active: false, boost_expires_at: null },
    });
  });
});

describe('POST /emails/capacity-boost', () => {
  test('raises the capacity once, whoever is first', async () => {
    const world = await plantWorld(legacy);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => world.call('server', 'POST', '/emails/capacity-boost', { body: {} })),
    );
    const [winner, ...others] = [...answers].sort((a, b) => a.status - b.status);
    const { expires_at: expiresAt } = winner?.json ?? {};
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    for (const other of others)
      expect(other.json).toMatchObject({ code: 'EMAIL_CAPACITY_BOOST_ALREADY_ACTIVE', details: { expires_at: expiresAt } });
    expect((await world.must('server', 'GET', '/emails/delivery-info'))['capacity']).toMatchObject({
      is_boost_active: true,
      boost_expires_at: expiresAt,
      rate_per_second: 40,
    });
  });

  test('can be had again when it is over', async () => {
    const world = await plantWorld(legacy);
    await legacy.admin.query(`update "Tenancy" set "emailCapacityBoostExpiresAt" = now() - interval '1 second' where "id" = $1`, [
      world.project.tenancyId,
    ]);
    expect((await world.call('server', 'POST', '/emails/capacity-boost', { body: {} })).status).toBe(200);
  });
});

describe('GET /emails/unsubscribe-link', () => {
  const linkOf = async () => {
    const id = await send({ notification_category_name: 'Marketing', subject: 'News' });
    const { json } = await server('GET', `/emails/outbox/${id}`);
    const code = /unsubscribe-link\?code=([\w-]+)/.exec(String(json['text']))?.[1];
    return { id, code: code ?? '', html: String(json['html']) };
  };
  const follow = (code: string) => legacy.call('GET', `/emails/unsubscribe-link?code=${code}`);
  const enabled = async () => {
    const { json } = await server('GET', `/emails/notification-preference/${person.userId}`);
    return (json['items'] as { enabled: boolean }[])[1]?.enabled;
  };

  test('of a marketing mail turns marketing off, as often as it is followed', async () => {
    const { code, html } = await linkOf();
    expect(html).toContain(`/api/v1/emails/unsubscribe-link?code=${code}`);
    for (const _time of [1, 2]) {
      const answer = await follow(code);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.text).toContain('You will no longer receive Marketing emails');
      expect(await enabled()).toBe(false);
    }
    await server('PATCH', `/emails/notification-preference/${person.userId}/${marketing}`, { enabled: true });
  });

  test('is in no transactional mail', async () => {
    const { json } = await server('GET', `/emails/outbox/${await send({})}`);
    expect(String(json['html'])).not.toContain('unsubscribe');
  });

  test('that was changed, cut or made up does nothing', async () => {
    const { code } = await linkOf();
    const forged = Buffer.from(code, 'base64url');
    forged[20] = (forged[20] ?? 0) ^ 1;
    for (const bad of [forged.toString('base64url'), code.slice(0, -4), 'x', '%00', '']) {
      const answer = await follow(bad);
      expect([answer.status, answer.text.includes('This link is not valid')]).toEqual([404, true]);
    }
    expect(await enabled()).toBe(true);
    expect((await legacy.call('GET', '/emails/unsubscribe-link')).json['code']).toBe('SCHEMA_ERROR');
  });

  test('of a user who is gone does nothing', async () => {
    const gone = await signUp(legacy);
    await server('POST', '/emails/send-email', { user_ids: [gone.userId], html: 'x', notification_category_name: 'Marketing' });
    const [mail] = (await server('GET', '/emails/outbox')).json['items'] as { text: string }[];
    await server('DELETE', `/users/${gone.userId}`);
    expect((await follow(/code=([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? '')).status).toBe(404);
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

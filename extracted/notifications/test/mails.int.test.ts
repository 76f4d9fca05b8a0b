import { randomUUID } from 'node:crypto';
import { emailOutboxReadSchema } from '@stackframe/stack-shared/dist/interface/crud/email-outbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statuses } from '../src/mail/mail.ts';
import { readUnsubscribeCode } from '../src/mail/unsubscribe-code.ts';
import { unsubscribeKey } from './fake-legacy.ts';
import { type Call, call, type Service, startService } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
  await service.own();
});
afterAll(() => service.close());

async function sender() {
  const project = await service.project();
  const send = (body: unknown, change: Partial<Call> = {}) =>
    call(service, { method: 'POST', path: '/api/v1/emails/send-email', projectId: project.id, body, ...change });
  const outbox = (query = '') => call(service, { path: `/api/v1/emails/outbox${query}`, projectId: project.id });
  const patch = (id: string, body: unknown) =>
    call(service, { method: 'PATCH', path: `/api/v1/emails/outbox/${id}`, projectId: project.id, body });
  const rows = async () =>
    (await service.admin.query<{ id: string }>('select id from mail_outbox where tenancy_id = $1', [project.tenancyId])).rows.length;
  return { project, send, outbox, patch, rows, user: () => service.user(project.tenancyId) };
}

type Item = { id: string; status: string; subject: string; to: { user_id: string } };
const items = (answer: { json: Record<string, unknown> }) => answer.json['items'] as Item[];

describe('sending', () => {
  test.each(['server', 'admin'] as const)('as %s puts one mail a user into the outbox, in the order given, each user once', async (as) => {
    const { send, user, outbox } = await sender();
    const [ann, bob] = [await user(), await user()];
    const answer = await send({ user_ids: [bob.id, ann.id, bob.id], html: '<p>x</p>', subject: 's' }, { as });
    expect([answer.status, answer.text]).toEqual([200, JSON.stringify({ results: [{ user_id: bob.id }, { user_id: ann.id }] })]);
    const mails = items(await outbox());
    expect(mails.map((mail) => mail.to.user_id).sort()).toEqual([ann.id, bob.id].sort());
    for (const mail of mails) {
      expect(mail).toMatchObject({
        status: 'queued',
        simple_status: 'in-progress',
        subject: 's',
        html: '<p>x</p>',
        tsx_source: '<p>x</p>',
        is_transactional: true,
      });
      await emailOutboxReadSchema.validate(mail, { strict: true });
    }
  });

  test('to all users leaves out anonymous and deleted ones', async () => {
    const { send, user, project } = await sender();
    const [ann, gone] = [await user(), await user()];
    await service.user(project.tenancyId, { isAnonymous: true });
    await service.admin.query('update ref_user set deleted_at = now() where project_user_id = $1', [gone.id]);
    expect((await send({ all_users: true, html: 'x' })).json).toEqual({ results: [{ user_id: ann.id }] });
  });

  test('of a category marks the mail with it', async () => {
    const { send, user, outbox } = await sender();
    const { id } = await user();
    await send({
      user_ids: [id],
      html: 'x',
      notification_category_name: 'Marketing',
      scheduled_at_millis: 4_102_444_800_000,
      theme_id: false,
    });
    expect(items(await outbox())[0]).toMatchObject({
      status: 'scheduled',
      theme_id: null,
      is_transactional: false,
      notification_category_id: '4f6f8873-3d04-46bd-8bef-18338b1a1b4c',
      scheduled_at_millis: 4_102_444_800_000,
    });
  });

  test('to nobody is fine', async () => {
    const { send } = await sender();
    expect((await send({ user_ids: [], html: 'x' })).json).toEqual({ results: [] });
  });

  test.each<[string, unknown, number, string]>([
    ['neither users nor all', { html: 'x' }, 400, 'Exactly one of user_ids or all_users must be provided'],
    ['both users and all', { html: 'x', all_users: true, user_ids: [] }, 400, 'Exactly one of user_ids or all_users must be provided'],
    ['an unknown template', { all_users: true, template_id: 't' }, 404, 'Template not found.'],
    ['an unknown draft', { all_users: true, draft_id: 'd' }, 404, 'Draft not found.'],
    ['no content', { all_users: true }, 400, 'Exactly one of html, template_id or draft_id must be provided'],
    [
      'two contents',
      { all_users: true, html: 'x', template_id: 't' },
      400,
      'Exactly one of html, template_id or draft_id must be provided',
    ],
    ['an unknown theme', { all_users: true, html: 'x', theme_id: randomUUID() }, 404, 'Theme not found.'],
    ['an unknown category', { all_users: true, html: 'x', notification_category_name: 'Nope' }, 404, 'Notification category not found.'],
  ])('%s is refused with a text', async (_name, body, status, text) => {
    const { send } = await sender();
    const answer = await send(body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test.each<[string, unknown, string]>([
    [
      'a body of another shape',
      { html: 5, user_ids: 'x', foo: 1 },
      'body.user_ids must be a `array` type, but the final value was: `"x"`.\n  - body contains unknown properties: foo',
    ],
    [
      'more than 500 users',
      { html: 'x', user_ids: Array.from({ length: 501 }, () => randomUUID()) },
      'body.user_ids field must have less than or equal to 500 items',
    ],
    [
      'a time that is none',
      { html: 'x', all_users: true, scheduled_at_millis: 1e300 },
      'body.scheduled_at_millis must be less than or equal to 8640000000000000',
    ],
    ['all_users: false', { html: 'x', all_users: false }, 'body.all_users must be one of the following values: true'],
  ])('%s is a schema error', async (_name, body, problem) => {
    const { send } = await sender();
    expect((await send(body)).json).toMatchObject({
      code: 'SCHEMA_ERROR',
      error: `Request validation failed on POST /api/v1/emails/send-email:\n  - ${problem}`,
    });
  });

  const link = /\/api\/v1\/emails\/unsubscribe-link\?code=([\w-]+)/;

  test('by template is rendered for each user, in its category and theme', async () => {
    const { send, project, outbox } = await sender();
    const [template, theme] = [randomUUID(), randomUUID()];
    service.legacy.themes.set(theme, '<main>{{ body }}</main>');
    service.legacy.templates.set(template, {
      source:
        '{% capture subject %}{{ variables.count }} for {{ user.displayName }}{% endcapture %}{% capture notificationCategory %}Marketing{% endcapture %}<p>{{ project.displayName }}</p>',
      themeId: theme,
    });
    const users = await Promise.all(['Ann', 'Bob'].map((displayName) => service.user(project.tenancyId, { displayName })));
    const unprojected = await service.user(project.tenancyId, { displayName: 'Cy', isProjected: false });
    const ids = [...users, unprojected].map((user) => user.id);
    await send({ user_ids: ids, template_id: template, variables: { count: 3 } });
    const mails = (await outbox()).json['items'] as (Item & { html: string; text: string })[];
    expect(mails.map((mail) => mail.subject).sort()).toEqual(['3 for Ann', '3 for Bob', '3 for Cy']);
    for (const mail of mails) {
      expect(mail).toMatchObject({
        theme_id: theme,
        variables: { count: 3 },
        email_programmatic_call_template_id: template,
        email_draft_id: null,
        is_transactional: false,
        html: expect.stringMatching(/^<main><p>Test Project<\/p><\/main>/),
      });
      const said = readUnsubscribeCode(link.exec(mail.text)?.[1] ?? '');
      expect([said?.said.userId, said?.isProvenBy(unsubscribeKey)]).toEqual([mail.to.user_id, true]);
      await emailOutboxReadSchema.validate(mail, { strict: true });
    }
  });

  test('of a draft notes that it was sent, with its mails or not at all', async () => {
    const { send, user, outbox, rows } = await sender();
    const [good, broken] = [randomUUID(), randomUUID()];
    service.legacy.drafts.set(good, { source: '<p>x</p>', sentAt: null });
    service.legacy.drafts.set(broken, { source: '{% if %}', sentAt: null });
    const { id } = await user();
    expect((await send({ user_ids: [id], draft_id: broken })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect((await send({ user_ids: [randomUUID()], draft_id: good })).json['code']).toBe('USER_ID_DOES_NOT_EXIST');
    expect([service.legacy.drafts.get(good)?.sentAt, service.legacy.drafts.get(broken)?.sentAt, await rows()]).toEqual([null, null, 0]);
    await send({ user_ids: [id], draft_id: good, subject: 'Mine' });
    expect(service.legacy.drafts.get(good)?.sentAt).toBeInstanceOf(Date);
    expect(items(await outbox())[0]).toMatchObject({ created_with: 'draft', email_draft_id: good, subject: 'Mine' });
  });

  test('of a source that takes too long is refused, and nothing stays', async () => {
    const { send, user, rows } = await sender();
    const template = randomUUID();
    service.legacy.templates.set(template, {
      source: '{% for a in (1..3000) %}{% for b in (1..3000) %}{{ b }}{% endfor %}{% endfor %}',
    });
    expect((await send({ user_ids: [(await user()).id], template_id: template })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect(await rows()).toBe(0);
  });

  test('an unknown user refuses the whole mailing', async () => {
    const { send, user, rows } = await sender();
    const [known, unknown] = [await user(), randomUUID()];
    const answer = await send({ user_ids: [known.id, unknown], html: 'x' });
    expect(answer.json).toEqual({
      code: 'USER_ID_DOES_NOT_EXIST',
      details: { user_id: unknown },
      error: `The given user with the ID ${unknown} does not exist.`,
    });
    expect(await rows()).toBe(0);
  });

  test('a mail larger than a row may be is refused, and nothing stays', async () => {
    const { send, user, rows } = await sender();
    const answer = await send({ user_ids: [(await user()).id], html: 'x'.repeat(600_000) });
    expect([answer.status, answer.text]).toEqual([400, 'The email is too large.']);
    expect(await rows()).toBe(0);
  });
});

describe('the outbox', () => {
  test('is read in pages, newest first, without a gap or a double', async () => {
    const { send, user, outbox } = await sender();
    const { id } = await user();
    for (let n = 0; n < 7; n += 1) await send({ user_ids: [id], html: 'x', subject: `mail ${n}` });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await outbox(`?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...items(answer).map((mail) => mail.subject));
      cursor = (answer.json['pagination'] as { next_cursor: string | null }).next_cursor;
      expect(answer.json['is_paginated']).toBe(true);
    } while (cursor !== null);
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `mail ${n}`));
  });

  test('can be asked for one status; an unknown one matches nothing', async () => {
    const { send, user, outbox } = await sender();
    const { id } = await user();
    await send({ user_ids: [id], html: 'x', subject: 'now' });
    await send({ user_ids: [id], html: 'x', subject: 'later', scheduled_at_millis: 4_102_444_800_000 });
    const subjects = async (query: string) => items(await outbox(query)).map((mail) => mail.subject);
    expect(await subjects('?status=queued')).toEqual(['now']);
    expect(await subjects('?status=scheduled')).toEqual(['later']);
    expect(await subjects('?simple_status=in-progress')).toEqual(['later', 'now']);
    expect(await subjects('?simple_status=ok')).toEqual([]);
    expect(await subjects('?status=nonsense')).toEqual([]);
  });

  test('finds by each status exactly the mails that show it', async () => {
    const { project, outbox } = await sender();
    await service.admin.query(
      `insert into mail_outbox (tenancy_id, id, created_at, updated_at, recipient, source, is_transactional, is_high_priority, scheduled_at, rendered_at,
         is_paused, cancelled_at, started_sending_at, outcome)
       select $1, gen_random_uuid(), now(), now(), '{"type":"custom-emails","emails":[]}', '', true, false, scheduled, now(), paused, cancelled, started, outcome
       from unnest(array[now() - interval '1 hour', now() + interval '1 hour']) scheduled, unnest(array[true, false]) paused,
         unnest(array[null, now()]) cancelled, unnest(array[null, now()]) started,
         unnest(array[null, 'sent', 'server-error', 'skipped', 'unknown', 'cancelled']) outcome`,
      [project.tenancyId],
    );
    const all = items(await outbox('?limit=100'));
    expect(all).toHaveLength(96);
    for (const status of statuses) {
      const shown = all.filter((mail) => mail.status === status).map((mail) => mail.id);
      expect(shown.length).toBeGreaterThan(0);
      expect(items(await outbox(`?limit=100&status=${status}`)).map((mail) => mail.id)).toEqual(shown);
    }
  });

  test('refuses pages it cannot give', async () => {
    const { outbox } = await sender();
    expect((await outbox('?limit=0')).json['error']).toContain('query.limit must be greater than or equal to 1');
    expect((await outbox('?limit=101')).json['error']).toContain('query.limit must be less than or equal to 100');
    expect((await outbox('?limit=abc')).json['error']).toContain(
      'query.limit must be a `number` type, but the final value was: `NaN` (cast from the value `"abc"`).',
    );
    const unknown = await outbox(`?cursor=${randomUUID()}`);
    expect([unknown.status, unknown.text]).toEqual([404, 'Email not found.']);
  });

  test('does not show mails of another project', async () => {
    const [mine, other] = [await sender(), await sender()];
    await other.send({ user_ids: [(await other.user()).id], html: 'x' });
    const id = items(await other.outbox())[0]?.id ?? '';
    expect(items(await mine.outbox())).toEqual([]);
    expect((await mine.outbox(`/${id}`)).text).toBe('Email not found.');
    expect((await mine.patch(id, { cancel: true })).text).toBe('Email not found.');
    expect((await other.outbox(`/${id}`)).json['id']).toBe(id);
  });
});

describe('a mail that waits', () => {
  async function waiting() {
    const all = await sender();
    await all.send({ user_ids: [(await all.user()).id], html: 'x', subject: 'old' });
    return { ...all, id: items(await all.outbox())[0]?.id ?? '' };
  }

  test('can be paused, resumed, moved and renamed', async () => {
    const { patch, id } = await waiting();
    expect((await patch(id, { is_paused: true })).json).toMatchObject({ status: 'paused', is_paused: true });
    expect((await patch(id, { is_paused: false, subject: 'new' })).json).toMatchObject({ status: 'queued', subject: 'new' });
    const moved = await patch(id, { scheduled_at_millis: 4_102_444_800_000 });
    expect(moved.json).toMatchObject({ status: 'scheduled', subject: 'new' });
    await emailOutboxReadSchema.validate(moved.json, { strict: true });
  });

  test('can be cancelled, and is not editable afterwards', async () => {
    const { patch, id } = await waiting();
    const cancelled = await patch(id, { cancel: true });
    expect(cancelled.json).toMatchObject({ status: 'skipped', simple_status: 'ok', skipped_reason: 'MANUALLY_CANCELLED' });
    await emailOutboxReadSchema.validate(cancelled.json, { strict: true });
    const again = await patch(id, { subject: 'x' });
    expect([again.status, again.json['code'], again.json['details']]).toEqual([
      400,
      'EMAIL_NOT_EDITABLE',
      { email_id: id, status: 'SKIPPED' },
    ]);
  });

  test('is rendered anew when its source, theme, variables or recipient change', async () => {
    const { patch, id, project } = await waiting();
    const theme = randomUUID();
    service.legacy.themes.set(theme, '<main>{{ body }}</main>');
    const bob = await service.user(project.tenancyId, { displayName: 'Bob' });
    const source = '{% capture subject %}For {{ user.displayName }}{% endcapture %}<p>{{ variables.count }}</p>';
    const to = { type: 'user-primary-email', user_id: bob.id };
    expect((await patch(id, { tsx_source: source, theme_id: theme, variables: { count: 3 }, to })).json).toMatchObject({
      tsx_source: source,
      theme_id: theme,
      variables: { count: 3 },
      to,
      subject: 'For Bob',
      html: '<main><p>3</p></main>',
      text: '3',
    });
    expect((await patch(id, { theme_id: null })).json).toMatchObject({ theme_id: null, html: '<p>3</p>', subject: 'For Bob' });
    expect((await patch(id, { tsx_source: '{% if %}' })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect((await patch(id, { to: { ...to, user_id: randomUUID() } })).json['code']).toBe('USER_ID_DOES_NOT_EXIST');
    expect((await patch(id, { theme_id: randomUUID() })).text).toBe('Theme not found.');
    expect((await patch(id, { to: { type: 'custom-emails', emails: ['a@x.de, b@x.de'] } })).json['error']).toContain('body.to is invalid');
  });

  test('changed by many at once shows what one of them made of it, whole', async () => {
    const { patch, id, outbox } = await waiting();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => patch(id, { tsx_source: `{{ variables.n }}-${n}`, variables: { n } })),
    );
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const shown = (await outbox(`/${id}`)).json;
    const { n } = shown['variables'] as { n: number };
    expect([shown['tsx_source'], shown['html']]).toEqual([`{{ variables.n }}-${n}`, `${n}-${n}`]);
  });

  test.each(['server-error', 'unknown'])('again after it failed (%s) can be edited and is tried again', async (outcome) => {
    const { patch, id } = await waiting();
    await service.admin.query(
      'update mail_outbox set outcome = $2, started_sending_at = now(), finished_sending_at = now(), send_retries = 4 where id = $1',
      [id, outcome],
    );
    expect((await patch(id, {})).json).toMatchObject({ status: 'server-error' });
    expect((await patch(id, { subject: 'again' })).json).toMatchObject({ status: 'queued', send_retries: 0, subject: 'again' });
  });

  test('refuses edits of another shape and of no mail', async () => {
    const { patch, id } = await waiting();
    expect((await patch(id, { html: 'y' })).json['error']).toContain('body contains unknown properties: html');
    expect((await patch(id, { cancel: false })).json['error']).toContain('body.cancel must be one of the following values: true');
    expect((await patch('x', { cancel: true })).json['error']).toContain('params.id must be a valid UUID');
    expect((await patch(randomUUID(), { cancel: true })).text).toBe('Email not found.');
  });
});

describe('what was sent', () => {
  test('is counted for the last hour, day, week and month, and the capacity is told as the legacy has it', async () => {
    const { project } = await sender();
    for (const [age, outcome] of [
      ['1 minute', 'sent'],
      ['2 hours', 'sent'],
      ['2 days', 'sent'],
      ['20 days', 'sent'],
      ['40 days', 'sent'],
      ['1 minute', 'skipped'],
    ])
      await service.admin.query(
        `insert into mail_outbox (tenancy_id, id, created_at, updated_at, recipient, source, is_transactional, is_high_priority, scheduled_at, outcome, finished_sending_at)
         values ($1, gen_random_uuid(), now(), now(), '{}', '', true, false, now(), $2, now() - $3::interval)`,
        [project.tenancyId, outcome, age],
      );
    const info = async () => (await call(service, { path: '/api/v1/emails/delivery-info', projectId: project.id })).json;
    const sent = (count: number) => ({ sent: count, bounced: 0, marked_as_spam: 0 });
    expect(await info()).toEqual({
      stats: { hour: sent(1), day: sent(2), week: sent(3), month: sent(4) },
      capacity: { rate_per_second: 10, boost_multiplier: 1, penalty_factor: 1, is_boost_active: false, boost_expires_at: null },
    });
    service.legacy.mailSettings.set(project.tenancyId, { capacity_boost_expires_at_millis: Date.now() + 60_000 });
    expect((await info())['capacity']).toMatchObject({ rate_per_second: 40, is_boost_active: true });
  });
});

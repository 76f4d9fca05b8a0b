import { randomUUID } from 'node:crypto';
import { waitFor } from '@atlas/kit/testing';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Legacy, openLegacy } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const admin = (method: string, path: string, body?: unknown) =>
  world.call('admin', method, `/internal${path}`, body === undefined ? {} : { body });
const created = async (what: string) => String((await admin('POST', `/${what}`, { display_name: 'Mine' })).json['id']);
const listed = async (what: string, key: string) => (await admin('GET', `/${what}`)).json[key] as Record<string, unknown>[];
const light = '1df07ae6-abf3-4a40-83a5-a1a2cbe336ac';
const dark = 'a0172b5d-cff0-463b-83bb-85124697373a';
const verification = 'e7d009ce-8d47-4528-b245-5bf119f2ffa3';

describe('GET /internal/email-templates', () => {
  test('lists those of the flows without any being stored', async () => {
    const names = (await listed('email-templates', 'templates')).map((template) => template['display_name']);
    expect(names).toEqual(expect.arrayContaining(['Email Verification', 'Password Reset', 'Magic Link/OTP', 'Team Invitation']));
    expect((await listed('email-templates', 'templates')).every((template) => String(template['tsx_source']).includes('subject'))).toBe(
      true,
    );
  });
});

describe('POST /internal/email-templates', () => {
  test('makes one that can be sent', async () => {
    const id = await created('email-templates');
    const person = await world.signUp();
    await world.must('server', 'POST', '/emails/send-email', { body: { user_ids: [person.userId], template_id: id } });
    const [mail] = (await world.must('server', 'GET', '/emails/outbox'))['items'] as Record<string, unknown>[];
    expect(mail).toMatchObject({ email_programmatic_call_template_id: id, email_draft_id: null, is_transactional: true });
    expect(mail?.['text']).toContain('This mail is from World.');
  });

  test('eight at once are all there', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => created('email-templates')));
    const all = (await listed('email-templates', 'templates')).map((template) => template['id']);
    expect(all).toEqual(expect.arrayContaining(ids));
  });
});

describe('GET /internal/email-templates/:id', () => {
  test('shows one, and says that there is none', async () => {
    expect((await admin('GET', `/email-templates/${verification}`)).json).toMatchObject({ display_name: 'Email Verification' });
    const none = await admin('GET', `/email-templates/${randomUUID()}`);
    expect([none.status, none.text]).toEqual([404, 'Template not found.']);
  });
});

describe('PATCH /internal/email-templates/:id', () => {
  test('gives a flow the project’s own words, rendered in its theme', async () => {
    const changed = await admin('PATCH', `/email-templates/${verification}`, {
      tsx_source:
        '{% capture subject %}Welcome to {{ project.displayName }}{% endcapture %}<p>Go to {{ variables.emailVerificationLink }}</p>',
      theme_id: dark,
    });
    expect(changed.json['rendered_html']).toContain('background:#323232');
    await world.must('client', 'POST', '/auth/password/sign-up', {
      body: { email: `${randomUUID()}@example.com`, password: 'password1', verification_callback_url: 'http://localhost:3000/v' },
    });
    const mail = (await world.mails()).at(-1);
    expect(mail?.payload.subject).toBe('Welcome to World');
    expect(mail?.payload.html).toContain('background:#323232');
    expect(mail?.payload.text).toMatch(/Go to http:\/\/localhost:3000\/v\?code=[0-9a-z]{45}/);
    await admin('DELETE', `/email-templates/${verification}`);
  });

  test('keeps its theme when none is named, and gives it back to the project for null', async () => {
    const id = await created('email-templates');
    const themeOf = async () => (await admin('GET', `/email-templates/${id}`)).json['theme_id'];
    await admin('PATCH', `/email-templates/${id}`, { tsx_source: 'a', theme_id: false });
    await admin('PATCH', `/email-templates/${id}`, { tsx_source: 'b' });
    expect(await themeOf()).toBe(false);
    await admin('PATCH', `/email-templates/${id}`, { tsx_source: 'c', theme_id: null });
    expect(await themeOf()).toBeUndefined();
  });

  test.each([
    ['a source that cannot be rendered', { tsx_source: '{% if %}' }, 'EMAIL_RENDERING_ERROR'],
    ['a theme that is no id', { tsx_source: 'x', theme_id: 'dark' }, 'SCHEMA_ERROR'],
  ])('refuses %s and changes nothing', async (_name, body, code) => {
    const id = await created('email-templates');
    const before = await admin('GET', `/email-templates/${id}`);
    expect((await admin('PATCH', `/email-templates/${id}`, body)).json['code']).toBe(code);
    expect((await admin('GET', `/email-templates/${id}`)).json).toEqual(before.json);
  });

  test('knows no theme and no template that there is not', async () => {
    const id = await created('email-templates');
    expect((await admin('PATCH', `/email-templates/${id}`, { tsx_source: 'x', theme_id: randomUUID() })).text).toBe('Theme not found.');
    expect((await admin('PATCH', `/email-templates/${randomUUID()}`, { tsx_source: 'x' })).text).toBe('Template not found.');
  });
});

describe('DELETE /internal/email-templates/:id', () => {
  test('takes one away; one of a flow goes back to its own words, and stays', async () => {
    const id = await created('email-templates');
    expect((await admin('DELETE', `/email-templates/${id}`)).json).toEqual({ success: true });
    expect((await admin('DELETE', `/email-templates/${id}`)).status).toBe(404);
    await admin('PATCH', `/email-templates/${verification}`, { tsx_source: 'mine' });
    await admin('DELETE', `/email-templates/${verification}`);
    expect((await admin('GET', `/email-templates/${verification}`)).json['tsx_source']).toContain('Verify your email');
    const again = await admin('DELETE', `/email-templates/${verification}`);
    expect([again.status, again.text]).toEqual([400, 'A default template cannot be deleted.']);
  });
});

describe('GET /internal/email-themes', () => {
  test('lists the three that every project has', async () => {
    expect((await listed('email-themes', 'themes')).slice(0, 3)).toEqual([
      { id: light, display_name: 'Default Light' },
      { id: dark, display_name: 'Default Dark' },
      { id: 'c7e2d94f-8a1b-4e6d-b3f5-9d0a2e7c1b8f', display_name: 'Default Colorful' },
    ]);
  });
});

describe('POST /internal/email-themes', () => {
  test('makes one that mails can wear', async () => {
    const id = await created('email-themes');
    expect(await listed('email-themes', 'themes')).toContainEqual({ id, display_name: 'Mine' });
    const body = { user_ids: [(await world.signUp()).userId], html: '<p>x</p>', theme_id: id };
    await world.must('server', 'POST', '/emails/send-email', { body });
    const [mail] = (await world.must('server', 'GET', '/emails/outbox'))['items'] as Record<string, unknown>[];
    expect(mail?.['theme_id']).toBe(id);
  });
});

describe('GET /internal/email-themes/:id', () => {
  test('shows one, and says that there is none', async () => {
    expect((await admin('GET', `/email-themes/${light}`)).json).toMatchObject({
      display_name: 'Default Light',
      tsx_source: expect.stringContaining('{{ body }}'),
    });
    expect((await admin('GET', `/email-themes/${randomUUID()}`)).text).toBe('Theme not found.');
  });
});

describe('PATCH /internal/email-themes/:id', () => {
  test('changes how mails look, and refuses what would break them all', async () => {
    const id = await created('email-themes');
    expect((await admin('PATCH', `/email-themes/${id}`, { tsx_source: '<main>{{ body }}</main>' })).json).toEqual({ display_name: 'Mine' });
    expect((await admin('PATCH', `/email-themes/${id}`, { tsx_source: 'no body' })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect((await admin('GET', `/email-themes/${id}`)).json['tsx_source']).toBe('<main>{{ body }}</main>');
    expect((await admin('PATCH', `/email-themes/${randomUUID()}`, { tsx_source: '{{ body }}' })).status).toBe(404);
  });
});

describe('DELETE /internal/email-themes/:id', () => {
  test('takes one away, but not a default nor the selected one', async () => {
    const [id, selected] = [await created('email-themes'), await created('email-themes')];
    expect((await admin('DELETE', `/email-themes/${id}`)).json).toEqual({ success: true });
    expect((await admin('DELETE', `/email-themes/${id}`)).status).toBe(404);
    expect((await admin('DELETE', `/email-themes/${light}`)).text).toBe('A default theme cannot be deleted.');
    await world.setConfig({
      'emails.selectedThemeId': selected,
      [`emails.themes.${selected}`]: { displayName: 'S', tsxSource: '{{ body }}' },
    });
    expect((await admin('DELETE', `/email-themes/${selected}`)).text).toBe(
      'The selected theme cannot be deleted; select another one first.',
    );
    await world.setConfig({});
  });
});

describe('GET /internal/email-drafts', () => {
  test('lists those of the project, the last changed first', async () => {
    const [first, second] = [await created('email-drafts'), await created('email-drafts')];
    await admin('PATCH', `/email-drafts/${first}`, { display_name: 'Changed' });
    const ids = (await listed('email-drafts', 'drafts')).map((draft) => draft['id']);
    expect(ids.indexOf(first)).toBeLessThan(ids.indexOf(second));
  });
});

describe('POST /internal/email-drafts', () => {
  test('makes one with a name and a source when none is given', async () => {
    const { id } = (await admin('POST', '/email-drafts', {})).json;
    expect((await admin('GET', `/email-drafts/${String(id)}`)).json).toEqual({
      id,
      display_name: 'Untitled Draft',
      tsx_source: expect.stringContaining('subject'),
      sent_at_millis: null,
    });
  });

  test('that is sent says so, and its mails say where they come from', async () => {
    const body = {
      display_name: 'News',
      theme_id: false,
      tsx_source: '{% capture subject %}News, {{ user.displayName }}{% endcapture %}<p>x</p>',
    };
    const id = String((await admin('POST', '/email-drafts', body)).json['id']);
    const person = await world.signUp();
    await world.must('client', 'PATCH', '/users/me', { user: person, body: { display_name: 'Ann' } });
    const before = Date.now();
    await world.must('server', 'POST', '/emails/send-email', { body: { user_ids: [person.userId], draft_id: id } });
    const [mail] = (await world.must('server', 'GET', '/emails/outbox'))['items'] as Record<string, unknown>[];
    expect(mail).toMatchObject({
      subject: 'News, Ann',
      html: '<p>x</p>',
      theme_id: null,
      created_with: 'draft',
      email_draft_id: id,
      email_programmatic_call_template_id: null,
    });
    expect((await admin('GET', `/email-drafts/${id}`)).json['sent_at_millis']).toBeGreaterThanOrEqual(before);
  });

  test('that cannot be rendered is not sent', async () => {
    const id = String((await admin('POST', '/email-drafts', { tsx_source: '{% if %}' })).json['id']);
    const body = { user_ids: [(await world.signUp()).userId], draft_id: id };
    expect((await world.call('server', 'POST', '/emails/send-email', { body })).json['code']).toBe('EMAIL_RENDERING_ERROR');
    expect((await admin('GET', `/email-drafts/${id}`)).json['sent_at_millis']).toBeNull();
  });
});

describe('GET /internal/email-drafts/:id', () => {
  test('says that there is none', async () => {
    const none = await admin('GET', `/email-drafts/${randomUUID()}`);
    expect([none.status, none.text]).toEqual([404, 'Draft not found.']);
  });
});

describe('PATCH /internal/email-drafts/:id', () => {
  test('changes what is named and leaves the rest', async () => {
    const id = await created('email-drafts');
    await admin('PATCH', `/email-drafts/${id}`, { tsx_source: 'x', theme_id: dark, sent_at_millis: 5 });
    expect((await admin('GET', `/email-drafts/${id}`)).json).toEqual({
      id,
      display_name: 'Mine',
      theme_id: dark,
      tsx_source: 'x',
      sent_at_millis: 5,
    });
    await admin('PATCH', `/email-drafts/${id}`, { theme_id: null, sent_at_millis: null });
    expect((await admin('GET', `/email-drafts/${id}`)).json).toEqual({ id, display_name: 'Mine', tsx_source: 'x', sent_at_millis: null });
    expect((await admin('PATCH', `/email-drafts/${randomUUID()}`, {})).status).toBe(404);
  });
});

describe('DELETE /internal/email-drafts/:id', () => {
  test('takes one away, once', async () => {
    const id = await created('email-drafts');
    expect([(await admin('DELETE', `/email-drafts/${id}`)).json, (await admin('DELETE', `/email-drafts/${id}`)).status]).toEqual([
      { success: true },
      404,
    ]);
  });
});

describe('POST /emails/render-email', () => {
  const render = (body: object) => world.call('admin', 'POST', '/emails/render-email', { body });

  test('shows a source in a theme, with what it captured', async () => {
    const answer = await render({
      template_tsx_source:
        '{% capture subject %}Hi {{ user.displayName }}{% endcapture %}{% capture notificationCategory %}Marketing{% endcapture %}<p>x</p>',
      theme_tsx_source: '<main>{{ body }}</main>',
      editable_markers: true,
    });
    expect(answer.json).toEqual({
      html: '<main><p>x</p></main>',
      subject: 'Hi John Doe',
      notification_category: 'Marketing',
      editable_regions: {},
    });
  });

  test('shows a template by id, without a theme when told so', async () => {
    expect((await render({ template_id: verification, theme_id: false })).json['html']).toMatch(/^<h3/);
    expect((await render({ template_id: verification })).json['html']).toMatch(/^<!doctype html>/);
  });

  test.each([
    ['no template', {}, 400, 'Exactly one of template_id or template_tsx_source must be provided'],
    [
      'two',
      { template_id: verification, template_tsx_source: 'x' },
      400,
      'Exactly one of template_id or template_tsx_source must be provided',
    ],
    [
      'two themes',
      { template_tsx_source: 'x', theme_id: light, theme_tsx_source: 'y' },
      400,
      'At most one of theme_id or theme_tsx_source may be provided',
    ],
    ['an unknown template', { template_id: randomUUID() }, 404, 'Template not found.'],
    ['an unknown theme', { template_tsx_source: 'x', theme_id: randomUUID() }, 404, 'Theme not found.'],
  ])('refuses %s', async (_name, body, status, text) => {
    const answer = await render(body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test('says why a source cannot be rendered', async () => {
    const answer = await render({ template_tsx_source: '{% if %}' });
    expect(answer.json).toMatchObject({ code: 'EMAIL_RENDERING_ERROR', details: { error: expect.any(String) } });
  });
});

describe('POST /internal/send-test-email', () => {
  const config = { username: '', password: '', sender_email: 'me@mine.example', sender_name: 'Me' };
  const tryOut = (host: string, port: number) =>
    admin('POST', '/send-test-email', { recipient_email: 'you@example.com', email_config: { host, port, ...config } });

  test('sends one mail by the server it is told, in the name it is told', async () => {
    const received: string[] = [];
    const smtp = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, _session, done) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        stream.on('end', () => {
          received.push(text);
          done();
        });
      },
    });
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
    const address = smtp.server.address();
    expect((await tryOut('127.0.0.1', address !== null && typeof address === 'object' ? address.port : 0)).json).toEqual({ success: true });
    await waitFor('the mail', () => received.length === 1);
    expect(received[0]).toMatch(/^From: Me <me@mine.example>$/m);
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  });

  test('says that a server does not answer, and tries none beyond this machine in development', async () => {
    expect((await tryOut('127.0.0.1', 1)).json).toMatchObject({ success: false, error_message: expect.stringContaining('ECONNREFUSED') });
    expect((await tryOut('mail.example.com', 25)).json).toEqual({
      success: false,
      error_message: 'In development only a mail server on this machine can be used.',
    });
  });
});

describe('GET /internal/emails', () => {
  test('lists what left, with where it went', async () => {
    const person = await world.signUp();
    await world.must('server', 'POST', '/emails/send-email', { body: { user_ids: [person.userId], html: 'x', subject: 'Left' } });
    await legacy.admin.query(
      `update "EmailOutbox" set "outcome" = 'sent', "finishedSendingAt" = now(), "startedSendingAt" = now() where "tenancyId" = $1 and "subject" = 'Left'`,
      [world.project.tenancyId],
    );
    expect(await listed('emails', 'items')).toContainEqual({
      id: expect.any(String),
      subject: 'Left',
      sent_at_millis: expect.any(Number),
      to: [person.email],
      error: null,
    });
  });
});

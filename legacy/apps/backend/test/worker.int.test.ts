import { randomUUID } from 'node:crypto';
import { waitFor } from '@atlas/kit/testing';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPool, type Pool } from '../worker/database.ts';
import { consumeInbox, createInbox } from '../worker/inbox.ts';
import { createSender, sendDueMails } from '../worker/send-mails.ts';
import { createWorker } from '../worker/worker.ts';
import { as, freshEmail, internalTenancyId, type Legacy, openLegacy, signUp } from './legacy.ts';

type Behaviour = 'accept' | 'refuse-for-now' | 'refuse-for-good' | 'silent' | 'hang-up' | 'slow-greeting';
type Received = { to: string[]; source: string };

let legacy: Legacy;
let pool: Pool;
let smtp: SMTPServer;
let smtpUrl: string;
let behaviour: Behaviour = 'accept';
const received: Received[] = [];

beforeAll(async () => {
  legacy = await openLegacy();
  pool = createPool(legacy.databaseUrl, 6);
  smtp = createSmtp();
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const address = smtp.server.address();
  smtpUrl = `smtp://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});
afterEach(async () => {
  behaviour = 'accept';
  received.length = 0;
  await legacy.admin.query('drop function if exists refuse cascade');
  await legacy.admin.query('truncate "EmailOutbox", "InboxDone", "MailRequest", "DomainEvent", "UserNotificationPreference"');
});
afterAll(async () => {
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await pool.end();
  await legacy.close();
});

/** A mail server at the edge that behaves as the test says. */
function createSmtp(): SMTPServer {
  return new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onConnect: (_session, done) => {
      if (behaviour === 'slow-greeting') setTimeout(done, 1_500);
      else done();
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (behaviour === 'refuse-for-now') return done(Object.assign(new Error('busy'), { responseCode: 451 }));
        if (behaviour === 'refuse-for-good') return done(Object.assign(new Error('no such user'), { responseCode: 550 }));
        received.push({ to: session.envelope.rcptTo.map((recipient) => recipient.address), source: Buffer.concat(chunks).toString() });
        if (behaviour === 'hang-up') return void stream.destroy(new Error('gone'));
        if (behaviour !== 'silent') done();
      });
    },
  });
}

const server = (method: string, path: string, body?: unknown) =>
  legacy.call(method, path, { headers: as('server'), ...(body === undefined ? {} : { body }) });
const settings = () => ({
  environment: 'development' as const,
  databaseUrl: legacy.databaseUrl,
  smtpUrl,
  publicUrl: 'http://localhost:8102',
  serverSecret: 'a-secret-for-these-tests',
  port: 0,
  contentHash: 'c',
});
const sender = () => createSender(pool, settings(), () => false);
const rows = async (sql: string, params: unknown[] = []) => (await legacy.admin.query(sql, params)).rows;
const onlyMail = async () => (await rows('select * from "EmailOutbox"'))[0];
const refuseWrites = async (state: string) => {
  await legacy.admin.query(
    `create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'not here' using errcode = '${state}'; end $$`,
  );
  for (const table of ['EmailOutbox', 'InboxDone'])
    await legacy.admin.query(
      `create trigger refuse before insert or update or delete on "${table}" for each row execute function refuse()`,
    );
};
async function mailTo(over: { primary_email?: string | null; category?: string; subject?: string } = {}): Promise<string> {
  const body = over.primary_email === null ? {} : { primary_email: over.primary_email ?? freshEmail() };
  const userId = String((await server('POST', '/users', body)).json['id']);
  const answer = await server('POST', '/emails/send-email', {
    user_ids: [userId],
    html: '<p>Hello</p>',
    subject: over.subject ?? 'Hello',
    ...(over.category === undefined ? {} : { notification_category_name: over.category }),
  });
  expect(answer.status).toBe(200);
  return userId;
}

describe('what routes ask for', () => {
  test('becomes one mail with the id of its request, and is sent', async () => {
    const person = await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
    expect(await consumeInbox(createInbox(pool))).toBe(1);
    const [request] = await rows('select "id" from "MailRequest"');
    const mail = await onlyMail();
    expect(mail.id).toBe(request.id);
    expect(await rows('select "source", "eventId" from "InboxDone"')).toEqual([{ source: 'mail-request', eventId: request.id }]);
    await sendDueMails(sender());
    expect(received).toHaveLength(1);
    expect(received[0]?.to).toEqual([person.email]);
    expect(received[0]?.source).toMatch(/^Subject: Verify your email at Stack Dashboard$/m);
    expect(received[0]?.source).toMatch(/^From: Stack Dashboard <noreply@example.com>$/m);
    expect(received[0]?.source).toMatch(new RegExp(`^Message-ID: <${mail.id}@notifications>$`, 'm'));
    expect(received[0]?.source).toMatch(new RegExp(`^X-Stack-Tenancy: ${internalTenancyId}$`, 'm'));
    expect(received[0]?.source.replaceAll('=\r\n', '').replaceAll('=3D', '=')).toMatch(
      /http:\/\/localhost:3000\/verify\?code=[0-9a-z]{45}/,
    );
  });

  test('is done once, however many workers look', async () => {
    for (let index = 0; index < 5; index += 1) await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
    const done = await Promise.all([consumeInbox(createInbox(pool)), consumeInbox(createInbox(pool)), consumeInbox(createInbox(pool))]);
    expect(done.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(5);
    expect((await rows('select count(*)::int as mails from "EmailOutbox"'))[0].mails).toBe(5);
    expect(await consumeInbox(createInbox(pool))).toBe(0);
  });

  test('is found though an older transaction commits later', async () => {
    const slow = await legacy.admin.connect();
    await slow.query('begin');
    await slow.query(
      `insert into "MailRequest" ("tenancyId", "id", "kind", "payload", "createdAt") values ($1, $2, 'test', $3, now() - interval '1 h')`,
      [
        internalTenancyId,
        randomUUID(),
        JSON.stringify({
          recipient: { type: 'custom-emails', emails: ['late@example.com'] },
          subject: 's',
          html: 'h',
          text: null,
          isTransactional: true,
          isHighPriority: false,
          notificationCategoryId: null,
        }),
      ],
    );
    await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
    const inbox = createInbox(pool);
    expect(await consumeInbox(inbox)).toBe(1);
    await slow.query('commit');
    slow.release();
    expect(await consumeInbox(inbox)).toBe(1);
  });

  test('that cannot be understood stays open and holds up nothing else', async () => {
    await legacy.admin.query(
      `insert into "MailRequest" ("tenancyId", "id", "kind", "payload", "createdAt") values ($1, $2, 'broken', '{}', now() - interval '1 h')`,
      [internalTenancyId, randomUUID()],
    );
    await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
    expect(await consumeInbox(createInbox(pool))).toBe(1);
    expect((await rows('select count(*)::int as done from "InboxDone"'))[0].done).toBe(1);
  });
});

test('a deleted user’s preferences go and its open mails are cancelled; what was sent stays', async () => {
  const userId = await mailTo({ subject: 'Sent' });
  await sendDueMails(sender());
  await server('POST', '/emails/send-email', { user_ids: [userId], html: 'x', subject: 'Open', scheduled_at_millis: Date.now() + 1e7 });
  await server('PATCH', `/emails/notification-preference/${userId}/4f6f8873-3d04-46bd-8bef-18338b1a1b4c`, { enabled: false });
  await server('DELETE', `/users/${userId}`);
  expect(await consumeInbox(createInbox(pool))).toBe(1);
  expect(await rows('select "subject", "outcome", "cancelledAt" is not null as cancelled from "EmailOutbox" order by "subject"')).toEqual([
    { subject: 'Open', outcome: 'cancelled', cancelled: true },
    { subject: 'Sent', outcome: 'sent', cancelled: false },
  ]);
  expect(await rows('select 1 from "UserNotificationPreference"')).toEqual([]);
});

describe('a mail', () => {
  test('that was accepted is sent, once', async () => {
    await mailTo();
    await Promise.all([sendDueMails(sender()), sendDueMails(sender())]);
    await sendDueMails(sender());
    expect(received).toHaveLength(1);
    expect(await onlyMail()).toMatchObject({ outcome: 'sent', finishedSendingAt: expect.any(Date), startedSendingAt: expect.any(Date) });
  });

  test('refused for now is tried again later, five times in all', async () => {
    behaviour = 'refuse-for-now';
    await mailTo();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await sendDueMails(sender());
      const mail = await onlyMail();
      expect(mail).toMatchObject(
        attempt < 5 ? { outcome: null, sendRetries: attempt, startedSendingAt: null } : { outcome: 'server-error' },
      );
      expect(mail.sendErrors).toHaveLength(attempt);
      if (attempt < 5) expect(mail.nextSendRetryAt.getTime()).toBeGreaterThan(mail.updatedAt.getTime());
      // However long this machine takes: its time has not come.
      await legacy.admin.query(`update "EmailOutbox" set "nextSendRetryAt" = now() + interval '1 hour'`);
      await sendDueMails(sender());
      expect((await onlyMail()).sendErrors).toHaveLength(attempt);
      await legacy.admin.query(`update "EmailOutbox" set "nextSendRetryAt" = now() - interval '1 second'`);
    }
  });

  test('refused for good is not tried again', async () => {
    behaviour = 'refuse-for-good';
    await mailTo();
    await sendDueMails(sender());
    expect(await onlyMail()).toMatchObject({ outcome: 'server-error', sendRetries: 0 });
    const [item] = (await server('GET', '/emails/outbox')).json['items'] as Record<string, unknown>[];
    expect(item).toMatchObject({ status: 'server-error', server_error: 'The mail server did not take the mail.' });
  });

  test('whose server falls silent after the final dot may have arrived: never sent again', async () => {
    behaviour = 'silent';
    await mailTo();
    await sendDueMails(sender());
    behaviour = 'accept';
    await sendDueMails(sender());
    expect(received).toHaveLength(1);
    expect(await onlyMail()).toMatchObject({ outcome: 'unknown' });
  }, 15_000);

  test('whose server is not reached in 800 ms has surely not arrived: sent later', async () => {
    behaviour = 'slow-greeting';
    await mailTo();
    await sendDueMails(sender());
    expect(await onlyMail()).toMatchObject({ outcome: null, sendRetries: 1 });
    behaviour = 'accept';
    await waitFor('the mail is sent', async () => {
      await legacy.admin.query(`update "EmailOutbox" set "nextSendRetryAt" = now() - interval '1 second' where outcome is null`);
      await sendDueMails(sender());
      return received.length > 0;
    });
    expect(received).toHaveLength(1);
  });

  test('is still there for the next worker when this one dies in the middle', async () => {
    await mailTo();
    const dying = await legacy.admin.connect();
    await dying.query('begin');
    await dying.query('update "EmailOutbox" set "startedSendingAt" = now()');
    const { rows: backend } = await dying.query('select pg_backend_pid() as pid');
    await sendDueMails(sender());
    expect(received).toHaveLength(0);
    // A terminated backend says so twice: what ended it, then that the connection is gone.
    const died = new Promise((resolve) => dying.on('error', resolve));
    await legacy.admin.query('select pg_terminate_backend($1)', [backend[0].pid]);
    await died;
    dying.release(true);
    await waitFor('the mail is sent by another', async () => {
      await sendDueMails(sender());
      return received.length === 1;
    });
  });

  test.each([
    ['has no address', { primary_email: null }, async () => undefined, 'USER_HAS_NO_PRIMARY_EMAIL'],
    [
      'turned the category off',
      { category: 'Marketing' },
      (userId: string) =>
        server('PATCH', `/emails/notification-preference/${userId}/4f6f8873-3d04-46bd-8bef-18338b1a1b4c`, { enabled: false }),
      'USER_UNSUBSCRIBED',
    ],
    ['was deleted', {}, (userId: string) => server('DELETE', `/users/${userId}`), 'USER_ACCOUNT_DELETED'],
  ])('to a user who %s is skipped', async (_name, over, before, reason) => {
    await before(await mailTo(over));
    await sendDueMails(sender());
    expect(received).toEqual([]);
    expect(await onlyMail()).toMatchObject({ outcome: 'skipped', skippedReason: reason, startedSendingAt: null });
  });

  test('that is transactional is sent whatever the user turned off', async () => {
    const userId = await mailTo();
    await server('PATCH', `/emails/notification-preference/${userId}/4f6f8873-3d04-46bd-8bef-18338b1a1b4c`, { enabled: false });
    await sendDueMails(sender());
    expect(received).toHaveLength(1);
  });

  test('of marketing says how to hear no more of it; a transactional one does not', async () => {
    const userId = await mailTo({ category: 'Marketing' });
    await sendDueMails(sender());
    const source = received[0]?.source.replaceAll('\r\n ', ' ') ?? '';
    const code =
      /^List-Unsubscribe:\s*<http:\/\/localhost:8102\/api\/v1\/emails\/unsubscribe-link\?code=([\w-]+)>/m.exec(source)?.[1] ?? '';
    expect(source.replaceAll('=\r\n', '').replaceAll('=3D', '=')).toContain(`unsubscribe-link?code=${code}"`);
    expect((await legacy.call('GET', `/emails/unsubscribe-link?code=${code}`)).status).toBe(200);
    await server('POST', '/emails/send-email', { user_ids: [userId], html: 'x', notification_category_name: 'Marketing' });
    await mailTo();
    await sendDueMails(sender());
    expect(received.map((mail) => mail.source.includes('List-Unsubscribe'))).toEqual([true, false]);
  });

  test.each([
    ['a server of the project’s own on this machine', '127.0.0.1', 'own'],
    ['the shared one, when its own is beyond this machine in development', 'mail.example.com', 'shared'],
  ])('goes in the project’s name, by %s', async (_name, host, expected) => {
    const own: string[] = [];
    const ownServer = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onAuth: (auth, _session, done) => done(auth.password === 'p' ? null : new Error('no'), { user: auth.username }),
      onData: (stream, session, done) => {
        own.push(String(session.user));
        stream.resume().on('end', done);
      },
    });
    await new Promise<void>((resolve) => ownServer.listen(0, '127.0.0.1', resolve));
    const address = ownServer.server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const settingsOfServer = {
      isShared: false,
      host,
      port,
      username: 'u',
      password: 'p',
      senderName: 'Mine',
      senderEmail: 'me@mine.example',
    };
    await legacy.admin.query(
      `insert into "EnvironmentConfigOverride" ("projectId", "branchId", "config") values ('internal', 'main', $1)
       on conflict ("projectId", "branchId") do update set "config" = "EnvironmentConfigOverride"."config" || excluded."config"`,
      [JSON.stringify({ 'emails.server': settingsOfServer })],
    );
    try {
      await mailTo();
      await sendDueMails(sender());
      expect(await onlyMail()).toMatchObject({ outcome: 'sent' });
      expect([own, received.length]).toEqual(expected === 'own' ? [['u'], 0] : [[], 1]);
      if (expected === 'shared') expect(received[0]?.source).toMatch(/^From: Mine <me@mine.example>$/m);
    } finally {
      await legacy.admin.query(
        `update "EnvironmentConfigOverride" set "config" = "config" - 'emails.server' where "projectId" = 'internal'`,
      );
      await new Promise<void>((resolve) => ownServer.close(() => resolve()));
    }
  });

  test('paused, cancelled or of the future is left alone', async () => {
    await mailTo();
    const id = (await onlyMail()).id;
    await server('PATCH', `/emails/outbox/${id}`, { is_paused: true });
    await sendDueMails(sender());
    await server('PATCH', `/emails/outbox/${id}`, { is_paused: false, scheduled_at_millis: Date.now() + 1e7 });
    await sendDueMails(sender());
    await server('PATCH', `/emails/outbox/${id}`, { cancel: true, scheduled_at_millis: 0 });
    await sendDueMails(sender());
    expect(received).toEqual([]);
  });
});

describe('while another process owns notifications', () => {
  test.each(['SF001', '40001'])(
    'nothing is made or sent, nothing is logged as an error, and all of it happens once it is ours again (%s)',
    async (state) => {
      await mailTo();
      await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
      await refuseWrites(state);
      const inbox = createInbox(pool);
      const mails = sender();
      expect([await consumeInbox(inbox), await sendDueMails(mails)]).toEqual([0, 0]);
      expect(received).toEqual([]);
      expect(inbox.notMine.waiting()).toEqual([internalTenancyId]);
      await legacy.admin.query('drop function refuse cascade');
      await waitFor('everything is done', async () => {
        await consumeInbox(inbox);
        await sendDueMails(mails);
        return received.length === 2;
      });
    },
  );
});

describe('the worker', () => {
  test('does all of it by itself, and says that it is ready', async () => {
    const worker = createWorker(settings());
    await worker.start();
    const health = await fetch(`http://127.0.0.1:${worker.port()}/readyz`);
    expect([health.status, await health.json()]).toEqual([200, { ready: true, content: 'c' }]);
    expect((await fetch(`http://127.0.0.1:${worker.port()}/livez`)).status).toBe(200);
    await signUp(legacy, { callbackUrl: 'http://localhost:3000/verify' });
    await waitFor('the mail arrives', () => received.length === 1);
    await worker.stop();
  });

  test('asked to stop, finishes the mail in hand', async () => {
    behaviour = 'silent';
    await mailTo();
    const worker = createWorker(settings());
    await worker.start();
    await waitFor('the mail is on its way', () => received.length === 1);
    await worker.stop();
    expect(await onlyMail()).toMatchObject({ outcome: 'unknown' });
  }, 15_000);
});

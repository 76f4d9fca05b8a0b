import { randomUUID } from 'node:crypto';
import { armFailpoint, disarmFailpoint } from '@atlas/kit/failpoints';
import { listen } from '@atlas/kit/http';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { App } from '../src/app.ts';
import type { FakeUser } from './fake-legacy.ts';
import { startFakeMailServer } from './fake-mail-server.ts';
import { call, type Service, startService } from './service.ts';

const transactional = '7bb82d33-2f54-4a3d-9d23-82739e0d66ef';
const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';

vi.setConfig({ testTimeout: 60_000 });

let service: Service;
let workers: App[] = [];
let project: { id: string; tenancyId: string };
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
beforeEach(async () => {
  await service.own();
  project = await service.project();
  service.mailServer.mode = 'accept';
  service.mailServer.accepted.length = 0;
});
afterEach(async () => {
  for (const name of ['mail.claimed', 'mail.sent', 'inbox.request']) disarmFailpoint(name);
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
  await service.admin.query('delete from ref_mail_request');
  await service.admin.query('delete from ref_domain_event');
});

async function startWorker(): Promise<App> {
  const worker = service.another({ NOTIFICATIONS_WORKER: 'on' });
  workers.push(worker);
  await worker.start();
  return worker;
}

async function stopWorker(worker: App): Promise<void> {
  workers = workers.filter((other) => other !== worker);
  await worker.stop();
}

const send = (users: FakeUser[], body: Record<string, unknown> = {}) =>
  call(service, {
    method: 'POST',
    path: '/api/v1/emails/send-email',
    projectId: project.id,
    body: { user_ids: users.map(({ id }) => id), html: '<p>Hello</p>', subject: 'Hello', ...body },
  });

type Row = { id: string; outcome: string | null; skipped_reason: string | null; send_retries: number; started_sending_at: Date | null };
const mails = async (): Promise<Row[]> =>
  (
    await service.admin.query<Row>(
      'select id, outcome, skipped_reason, send_retries, started_sending_at from mail_outbox where tenancy_id = $1 order by created_at, id',
      [project.tenancyId],
    )
  ).rows;
const outcomes = async () => (await mails()).map((mail) => mail.outcome);
/** Long enough for a refused mail's two retries: on busy cores the 800 ms for a mail can pass. */
const settleMs = 40_000;
const untilOutcome = (...expected: (string | null)[]) =>
  expect.poll(async () => (await outcomes()).sort(), { timeout: settleMs, interval: 20 }).toEqual(expected.sort());

async function request(user: FakeUser, changes: { id?: string; payload?: unknown } = {}): Promise<string> {
  const id = changes.id ?? randomUUID();
  const payload = changes.payload ?? {
    recipient: { type: 'user-primary-email', user_id: user.id },
    subject: 'Verify your email at Test Project',
    html: '<a href="x">x</a>',
    text: 'x',
    isTransactional: true,
    isHighPriority: true,
    notificationCategoryId: transactional,
  };
  await service.admin.query(`insert into ref_mail_request (tenancy_id, id, kind, payload, created_at) values ($1, $2, 'mail', $3, now())`, [
    project.tenancyId,
    id,
    JSON.stringify(payload),
  ]);
  return id;
}

async function deletion(user: FakeUser): Promise<void> {
  await service.admin.query('update ref_user set deleted_at = now() where tenancy_id = $1 and project_user_id = $2', [
    user.tenancyId,
    user.id,
  ]);
  await service.admin.query(
    `insert into ref_domain_event (tenancy_id, id, type, payload, created_at) values ($1, $2, 'user.deleted', $3, now())`,
    [user.tenancyId, randomUUID(), JSON.stringify({ user_id: user.id })],
  );
}

describe('a mail', () => {
  test('reaches the user’s primary address, once, from the project', async () => {
    const user = await service.user(project.tenancyId);
    await send([user]);
    await startWorker();
    await untilOutcome('sent');
    const [mail] = service.mailServer.accepted;
    const [row] = await mails();
    expect(service.mailServer.accepted).toHaveLength(1);
    expect(mail?.messageId).toBe(`<${row?.id}@notifications>`);
    expect(mail?.from?.value).toEqual([{ address: 'noreply@example.com', name: 'Test Project' }]);
    expect(mail?.to).toMatchObject({ value: [{ address: user.email }] });
    expect([mail?.subject, String(mail?.html).trim(), mail?.headers.get('x-stack-tenancy')]).toEqual([
      'Hello',
      '<p>Hello</p>',
      project.tenancyId,
    ]);
    const item = await call(service, { path: `/api/v1/emails/outbox/${row?.id}`, projectId: project.id });
    expect(item.json).toMatchObject({ status: 'sent', simple_status: 'ok', has_delivered: true });
  });

  test('of marketing says how to hear no more of it; a transactional one does not', async () => {
    const user = await service.user(project.tenancyId);
    await send([user], { notification_category_name: 'Marketing' });
    await send([user]);
    await startWorker();
    await untilOutcome('sent', 'sent');
    const links = service.mailServer.accepted.map(
      (mail) => (mail.headers.get('list') as { unsubscribe?: { url: string } } | undefined)?.unsubscribe?.url,
    );
    expect(links.filter((link) => link !== undefined)).toEqual([
      expect.stringMatching(/^http:\/\/localhost:9302\/api\/v1\/emails\/unsubscribe-link\?code=[\w-]{107}$/),
    ]);
    const marketingMail = service.mailServer.accepted.find((mail) => mail.headers.has('list'));
    expect(String(marketingMail?.html)).toContain(links.find((link) => link !== undefined));
  });

  test('goes by the project’s own server and in its own name, and goes on while the legacy is silent', async () => {
    const own = await startFakeMailServer();
    const { port } = new URL(own.url);
    service.legacy.mailSettings.set(project.tenancyId, {
      sender: { name: 'Mine', address: 'me@mine.example' },
      server: { host: '127.0.0.1', port: Number(port), secure: false, auth: null },
    });
    try {
      const user = await service.user(project.tenancyId);
      await send([user], { subject: 'first' });
      await startWorker();
      await untilOutcome('sent');
      await send([user], { subject: 'second', scheduled_at_millis: Date.now() + 500 });
      service.legacy.isDown = true;
      await untilOutcome('sent', 'sent');
      expect(own.accepted.map((mail) => [mail.subject, mail.from?.value])).toEqual([
        ['first', [{ address: 'me@mine.example', name: 'Mine' }]],
        ['second', [{ address: 'me@mine.example', name: 'Mine' }]],
      ]);
      expect(service.mailServer.accepted).toEqual([]);
    } finally {
      service.legacy.isDown = false;
      await own.close();
    }
  });

  test('is sent exactly once by many workers that come and go', async () => {
    const users = await Promise.all(Array.from({ length: 40 }, () => service.user(project.tenancyId)));
    await send(users);
    const first = await startWorker();
    await startWorker();
    await waitFor('some mails', async () => service.mailServer.accepted.length >= 5);
    await stopWorker(first);
    await startWorker();
    await untilOutcome(...users.map(() => 'sent'));
    const ids = service.mailServer.accepted.map((mail) => mail.messageId);
    expect([ids.length, new Set(ids).size]).toEqual([40, 40]);
  });

  test('that a worker loses between claim and mail server is sent by the next, once', async () => {
    await send([await service.user(project.tenancyId)]);
    armFailpoint('mail.claimed', 'error');
    await startWorker();
    await untilOutcome('sent');
    expect(service.mailServer.accepted).toHaveLength(1);
  });

  test('waits for its time, for its pause to end, and not at all when cancelled', async () => {
    const user = await service.user(project.tenancyId);
    await send([user], { subject: 'later', scheduled_at_millis: Date.now() + 3_600_000 });
    await send([user], { subject: 'paused' });
    await service.admin.query(`update mail_outbox set is_paused = true where tenancy_id = $1 and subject = 'paused'`, [project.tenancyId]);
    await send([user], { subject: 'now' });
    await startWorker();
    await untilOutcome(null, null, 'sent');
    expect(service.mailServer.accepted.map((mail) => mail.subject)).toEqual(['now']);
  });

  test.each<[string, { email?: null; isGone?: true; isOff?: true }, string]>([
    ['without an address', { email: null }, 'USER_HAS_NO_PRIMARY_EMAIL'],
    ['that is gone', { isGone: true }, 'USER_ACCOUNT_DELETED'],
    ['who turned the category off', { isOff: true }, 'USER_UNSUBSCRIBED'],
  ])('for a user %s is skipped', async (_name, { email, isGone, isOff }, reason) => {
    const user = await service.user(project.tenancyId, email === null ? { email } : {});
    await send([user], { notification_category_name: 'Marketing' });
    if (isGone) await service.admin.query('update ref_user set deleted_at = now() where project_user_id = $1', [user.id]);
    if (isOff)
      await call(service, {
        method: 'PATCH',
        projectId: project.id,
        path: `/api/v1/emails/notification-preference/${user.id}/${marketing}`,
        body: { enabled: false },
      });
    await startWorker();
    await untilOutcome('skipped');
    expect((await mails())[0]).toMatchObject({ skipped_reason: reason, started_sending_at: null });
    expect(service.mailServer.accepted).toEqual([]);
  });

  test('for a user the projection lacks is postponed while the owner is silent, and sent when it answers', async () => {
    const user = await service.user(project.tenancyId, { isProjected: false });
    await send([user]);
    service.legacy.isDown = true;
    await startWorker();
    await waitFor(
      'postponed',
      async () =>
        (
          await service.admin.query('select 1 from mail_outbox where tenancy_id = $1 and next_send_retry_at is not null', [
            project.tenancyId,
          ])
        ).rowCount === 1,
    );
    service.legacy.isDown = false;
    await untilOutcome('sent');
    expect((await mails())[0]?.send_retries).toBe(0);
  });
});

describe('a mail server', () => {
  test('that refuses for good ends the mail', async () => {
    service.mailServer.mode = 'refuse';
    await send([await service.user(project.tenancyId)]);
    await startWorker();
    await untilOutcome('server-error');
  });

  test.each(['refuse-later', 'silent-before-dot'] as const)('that does "%s" gets the mail again later, once in all', async (mode) => {
    service.mailServer.mode = mode;
    await send([await service.user(project.tenancyId)]);
    await startWorker();
    await waitFor('a retry', async () => (await mails())[0]?.send_retries === 1);
    expect((await mails())[0]).toMatchObject({ outcome: null, started_sending_at: null });
    service.mailServer.mode = 'accept';
    await untilOutcome('sent');
    expect(service.mailServer.accepted).toHaveLength(1);
  });

  test.each(['silent-after-dot', 'hang-up-after-dot'] as const)(
    'that does "%s" leaves the mail unknown: it is not sent again',
    async (mode) => {
      service.mailServer.mode = mode;
      await send([await service.user(project.tenancyId)]);
      const worker = await startWorker();
      await untilOutcome('unknown');
      service.mailServer.mode = 'accept';
      await stopWorker(worker);
      await startWorker();
      await send([await service.user(project.tenancyId)], { subject: 'next' });
      await untilOutcome('unknown', 'sent');
      expect(service.mailServer.accepted.map((mail) => mail.subject)).toEqual(['next']);
    },
  );
});

describe('the fence', () => {
  test('keeps a worker that is not the owner from sending, without a word', async () => {
    await send([await service.user(project.tenancyId)]);
    await request(await service.user(project.tenancyId));
    await service.disown();
    const worker = await startWorker();
    const listening = await listen(worker.handler, { port: 0 });
    const refusals = async (loop: string) => {
      const text = await (await fetch(`${listening.url}/metrics`)).text();
      return Number(new RegExp(`not_mine_total\\{loop="${loop}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    await waitFor('tries of both kinds', async () => (await refusals('sender')) >= 3 && (await refusals('requests')) >= 2);
    expect([await outcomes(), service.mailServer.accepted]).toEqual([[null], []]);
    await service.own();
    await untilOutcome('sent', 'sent');
    await listening.close();
  });

  test('waits for the mail under way, which is then marked as sent', async () => {
    await send([await service.user(project.tenancyId)]);
    armFailpoint('mail.sent', 'delay:400');
    await startWorker();
    await waitFor('the mail server has it', () => service.mailServer.accepted.length === 1);
    await service.disown();
    expect(await outcomes()).toEqual(['sent']);
  });
});

describe('a request of the legacy', () => {
  test('becomes one mail with its own id, whoever consumes it', async () => {
    const user = await service.user(project.tenancyId);
    const ids = await Promise.all(Array.from({ length: 10 }, () => request(user)));
    await Promise.all([startWorker(), startWorker()]);
    await untilOutcome(...ids.map(() => 'sent'));
    expect((await mails()).map((mail) => mail.id).sort()).toEqual([...ids].sort());
    expect(service.mailServer.accepted.map((mail) => mail.messageId).sort()).toEqual(ids.map((id) => `<${id}@notifications>`).sort());
    const { rows } = await service.admin.query<{ event_id: string }>(
      `select event_id from inbox_done where tenancy_id = $1 and source = 'mail-request'`,
      [project.tenancyId],
    );
    expect(rows.map((row) => row.event_id).sort()).toEqual([...ids].sort());
  });

  test('that is done is not done again, even when its mail is gone', async () => {
    const id = await request(await service.user(project.tenancyId));
    const worker = await startWorker();
    await untilOutcome('sent');
    await stopWorker(worker);
    await service.admin.query('delete from mail_outbox where id = $1', [id]);
    await startWorker();
    const other = await request(await service.user(project.tenancyId));
    await untilOutcome('sent');
    expect((await mails()).map((mail) => mail.id)).toEqual([other]);
  });

  test('survives a consumer that dies in the middle', async () => {
    armFailpoint('inbox.request', 'error');
    await request(await service.user(project.tenancyId));
    await startWorker();
    await untilOutcome('sent');
    expect(service.mailServer.accepted).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ['read', { recipient: 'nobody' }],
    [
      'stored',
      {
        recipient: { type: 'custom-emails', emails: ['a@example.com'] },
        subject: '',
        html: 'x'.repeat(700_000),
        text: null,
        isTransactional: true,
        isHighPriority: true,
        notificationCategoryId: null,
      },
    ],
  ])('that cannot be %s does not hold up the others', async (_name, payload) => {
    const user = await service.user(project.tenancyId);
    const broken = await request(user, { payload });
    const fine = await request(user);
    await startWorker();
    await untilOutcome('sent');
    expect((await mails()).map((mail) => mail.id)).toEqual([fine]);
    expect((await service.admin.query('select 1 from inbox_done where event_id = $1', [broken])).rowCount).toBe(1);
  });
});

describe('a user deleted in the legacy', () => {
  test('loses preferences and waiting mails; other users keep theirs', async () => {
    const [gone, stays] = [await service.user(project.tenancyId), await service.user(project.tenancyId)];
    await send([gone, stays], { scheduled_at_millis: Date.now() + 3_600_000 });
    for (const user of [gone, stays])
      await call(service, {
        method: 'PATCH',
        projectId: project.id,
        path: `/api/v1/emails/notification-preference/${user.id}/${marketing}`,
        body: { enabled: false },
      });
    await deletion(gone);
    await startWorker();
    await untilOutcome('cancelled', null);
    const { rows } = await service.admin.query<{ project_user_id: string }>(
      'select project_user_id from notification_preference where tenancy_id = $1',
      [project.tenancyId],
    );
    expect(rows).toEqual([{ project_user_id: stays.id }]);
  });

  test('in the middle of a mail gets that mail and no other', async () => {
    const gone = await service.user(project.tenancyId);
    await send([gone], { subject: 'under way' });
    armFailpoint('mail.sent', 'delay:500');
    await startWorker();
    await waitFor('the mail server has it', () => service.mailServer.accepted.length === 1);
    await send([gone], { subject: 'too late', scheduled_at_millis: Date.now() + 3_600_000 });
    await deletion(gone);
    await untilOutcome('sent', 'cancelled');
    expect(service.mailServer.accepted.map((mail) => mail.subject)).toEqual(['under way']);
  });
});

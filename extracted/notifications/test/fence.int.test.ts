import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Call, call, type Service, startService } from './service.ts';

const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';

let service: Service;
let epoch: bigint;
beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  await service.own();
});
afterAll(() => service.close());

async function writes() {
  const project = await service.project();
  const user = await service.user(project.tenancyId);
  epoch = await service.own();
  const request = (change: Partial<Call> & { path: string }) => call(service, { projectId: project.id, ...change });
  await request({ method: 'POST', path: '/api/v1/emails/send-email', body: { user_ids: [user.id], html: 'x', subject: 'first' } });
  const { rows } = await service.admin.query<{ id: string }>('select id from mail_outbox where tenancy_id = $1', [project.tenancyId]);
  const all: [string, (headers: Record<string, string>) => Promise<Answer>][] = [
    [
      'preference',
      (headers) =>
        request({
          method: 'PATCH',
          path: `/api/v1/emails/notification-preference/${user.id}/${marketing}`,
          body: { enabled: false },
          headers,
        }),
    ],
    [
      'mail',
      (headers) => request({ method: 'POST', path: '/api/v1/emails/send-email', body: { user_ids: [user.id], html: 'x' }, headers }),
    ],
    ['edit', (headers) => request({ method: 'PATCH', path: `/api/v1/emails/outbox/${rows[0]?.id}`, body: { subject: 'second' }, headers })],
  ];
  return { all, project, state: () => stateOf(project.tenancyId) };
}

async function stateOf(tenancyId: string): Promise<unknown> {
  const mails = await service.admin.query('select id, subject, updated_at from mail_outbox where tenancy_id = $1 order by id', [tenancyId]);
  const preferences = await service.admin.query(
    'select notification_category_id, enabled from notification_preference where tenancy_id = $1',
    [tenancyId],
  );
  return [mails.rows, preferences.rows];
}

describe('a write', () => {
  test('with an old epoch is refused and changes nothing', async () => {
    const { all, state } = await writes();
    const before = await state();
    for (const [, write] of all) {
      const answer = await write({ 'x-gw-epoch': `notifications=${epoch - 1n}` });
      expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([503, 'EPOCH_TOO_OLD']);
    }
    expect(await state()).toEqual(before);
  });

  test('with the epoch of the fence, or a newer one, is carried out', async () => {
    const { all } = await writes();
    for (const [, write] of all) {
      expect((await write({ 'x-gw-epoch': `notifications=${epoch}` })).status).toBe(200);
      expect((await write({ 'x-gw-epoch': `notifications=${epoch + 1n}` })).status).toBe(200);
    }
  });

  test('while the other side owns the slice is refused and changes nothing, whatever its epoch', async () => {
    const { all, state } = await writes();
    const before = await state();
    const newer = await service.disown();
    for (const [, write] of all) {
      for (const headers of [{}, { 'x-gw-epoch': `notifications=${newer}` }]) {
        const answer = await write(headers as Record<string, string>);
        expect([answer.status, answer.text, answer.headers.get('x-gw-not-executed')]).toEqual([503, 'Try again.', 'NOT_OWNER']);
      }
    }
    expect(await state()).toEqual(before);
  });

  test('that waits for a fence under way is refused once the fence stands', async () => {
    const { all, state } = await writes();
    const before = await state();
    const fencer = await service.admin.connect();
    await fencer.query('begin');
    await fencer.query(`select strangler.set_owner('notifications', '*', 'none', $1)`, [epoch + 1n]);
    const pending = all.map(([, write]) => write({ 'x-gw-epoch': `notifications=${epoch}` }));
    await expect
      .poll(async () => (await service.admin.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`)).rowCount)
      .toBeGreaterThanOrEqual(all.length);
    await fencer.query('commit');
    fencer.release();
    for (const answer of await Promise.all(pending))
      expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([503, 'EPOCH_TOO_OLD']);
    expect(await state()).toEqual(before);
  });

  test('with a header no gateway writes is a 400, not a write without epoch', async () => {
    const { all, state } = await writes();
    const before = await state();
    for (const [, write] of all) expect((await write({ 'x-gw-epoch': 'notifications=x' })).status).toBe(400);
    expect(await state()).toEqual(before);
  });
});

test('reads go on while the other side owns the slice', async () => {
  const { project } = await writes();
  await service.disown();
  const answer = await call(service, { path: '/api/v1/emails/outbox', projectId: project.id });
  expect([answer.status, (answer.json['items'] as unknown[]).length]).toEqual([200, 1]);
});

describe('a write about a user', () => {
  test('is refused when the flow deletes the user first', async () => {
    const project = await service.project();
    const user = await service.user(project.tenancyId);
    await service.own();
    const flow = await service.admin.connect();
    await flow.query('begin');
    await flow.query('update ref_user set deleted_at = now() where project_user_id = $1', [user.id]);
    const pending = call(service, {
      method: 'PATCH',
      projectId: project.id,
      path: `/api/v1/emails/notification-preference/${user.id}/${marketing}`,
      body: { enabled: false },
    });
    await expect.poll(async () => (await service.admin.query('select 1 from pg_locks where not granted')).rowCount).toBeGreaterThan(0);
    await flow.query('commit');
    flow.release();
    expect((await pending).json['code']).toBe('USER_NOT_FOUND');
    const { rowCount } = await service.admin.query('select 1 from notification_preference where project_user_id = $1', [user.id]);
    expect(rowCount).toBe(0);
  });

  test('about one that the projection lacks reads through to its owner', async () => {
    const project = await service.project();
    const user = await service.user(project.tenancyId, { isProjected: false });
    await service.own();
    const before = service.legacy.asked.users;
    const answer = await call(service, {
      method: 'POST',
      projectId: project.id,
      path: '/api/v1/emails/send-email',
      body: { user_ids: [user.id], html: 'x' },
    });
    expect([answer.status, service.legacy.asked.users - before]).toEqual([200, 1]);
  });

  test('that may be stale asks the owner once, after 100 ms', async () => {
    const project = await service.project();
    const user = await service.user(project.tenancyId);
    await service.own();
    await service.admin.query(`update strangler.apply_progress set applied_lsn = '0/100' where flow = 'f.notifications'`);
    const patch = (position: string) =>
      call(service, {
        method: 'PATCH',
        projectId: project.id,
        path: `/api/v1/emails/notification-preference/${user.id}/${marketing}`,
        body: { enabled: false },
        headers: { 'x-gw-position': position },
      });
    const before = service.legacy.asked.users;
    expect((await patch('f.notifications@1:0/FF')).status).toBe(200);
    expect(service.legacy.asked.users - before).toBe(0);
    service.legacy.users = service.legacy.users.filter(({ id }) => id !== user.id);
    const started = performance.now();
    expect((await patch('f.notifications@1:0/101')).json['code']).toBe('USER_NOT_FOUND');
    expect(performance.now() - started).toBeGreaterThanOrEqual(100);
    expect((await patch('f.notifications@2:0/1')).json['code']).toBe('USER_NOT_FOUND');
    expect(service.legacy.asked.users - before).toBe(2);
  });

  test('that nobody can confirm is a 503, and nothing is stored', async () => {
    const project = await service.project();
    await service.own();
    expect((await call(service, { path: '/api/v1/emails/outbox', projectId: project.id })).status).toBe(200);
    service.legacy.isDown = true;
    try {
      const body = { user_ids: [randomUUID()], html: 'x' };
      const answer = await call(service, { method: 'POST', projectId: project.id, path: '/api/v1/emails/send-email', body });
      expect([answer.status, answer.headers.get('x-gw-not-executed')]).toEqual([503, null]);
    } finally {
      service.legacy.isDown = false;
    }
    expect((await service.admin.query('select 1 from mail_outbox where tenancy_id = $1', [project.tenancyId])).rowCount).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { as, freshEmail, internalTenancyId, type Legacy, openLegacy, signUp } from './legacy.ts';

let legacy: Legacy;
beforeAll(async () => {
  legacy = await openLegacy();
});
afterAll(() => legacy.close());

const server = (method: string, path: string, body?: unknown) =>
  legacy.call(method, path, { headers: as('server'), ...(body === undefined ? {} : { body }) });
const create = async (body: object) => (await server('POST', '/users', body)).json as Record<string, unknown> & { id: string };

describe('races have one winner', () => {
  test('ten sign-ups of one address: one user, nine are told it is taken', async () => {
    const email = freshEmail();
    const attempt = () =>
      legacy.call('POST', '/auth/password/sign-up', {
        headers: as('client'),
        body: { email, password: 'password1', verification_callback_url: 'http://localhost:3000/v' },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, attempt));
    expect(answers.map((answer) => answer.json['code'] ?? answer.status).sort()).toEqual([
      200,
      ...Array(9).fill('USER_EMAIL_ALREADY_EXISTS'),
    ]);
    const { rows } = await legacy.admin.query(
      `select (select count(*)::int from "ContactChannel" where "value" = $1) as channels,
              (select count(*)::int from "MailRequest" where "payload" -> 'recipient' -> 'emails' ? $1) as requests,
              (select count(*)::int from "ProjectUser" person where not exists (
                 select from "ContactChannel" channel where channel."projectUserId" = person."projectUserId")) as halves`,
      [email],
    );
    expect(rows[0]).toEqual({ channels: 1, requests: 1, halves: 0 });
  });

  test('two users take one address: one gets it', async () => {
    const [a, b] = [await create({}), await create({})];
    const email = freshEmail();
    const take = (id: string) => server('PATCH', `/users/${id}`, { primary_email: email, primary_email_auth_enabled: true });
    const answers = await Promise.all([take(a.id), take(b.id)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
  });

  test('two deletions of one user: one happens, one event is told', async () => {
    const { id } = await create({});
    const answers = await Promise.all([server('DELETE', `/users/${id}`), server('DELETE', `/users/${id}`)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 404]);
    const { rows } = await legacy.admin.query(`select "type" from "DomainEvent" where "payload" ->> 'user_id' = $1`, [id]);
    expect(rows).toEqual([{ type: 'user.deleted' }]);
  });

  test('two uses of one verification code: one counts', async () => {
    const person = await signUp(legacy, { callbackUrl: 'http://localhost:3000/v?next=1' });
    const { rows } = await legacy.admin.query(`select "payload" from "MailRequest" where "payload" -> 'recipient' ->> 'user_id' = $1`, [
      person.userId,
    ]);
    const link = new URL(/http:\S+/.exec(rows[0].payload.text)?.[0] ?? '');
    expect(link.searchParams.get('next')).toBe('1');
    const code = link.searchParams.get('code')?.toUpperCase();
    expect(code).toHaveLength(45);
    const attempt = () => legacy.call('POST', '/contact-channels/verify', { headers: as('client'), body: { code } });
    const answers = await Promise.all([attempt(), attempt()]);
    expect(answers.map((answer) => answer.json['code'] ?? answer.status).sort()).toEqual([200, 'VERIFICATION_CODE_ALREADY_USED']);
    expect((await server('GET', `/users/${person.userId}`)).json['primary_email_verified']).toBe(true);
  });
});

describe('a list of users', () => {
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    for (let index = 0; index < 7; index += 1) ids.push((await create({ display_name: `Pager ${index}`, primary_email: freshEmail() })).id);
    // All at one moment: only the id tells them apart.
    await legacy.admin.query(`update "ProjectUser" set "signedUpAt" = '2030-01-01' where "displayName" like 'Pager%'`);
    ids.sort();
  });

  test.each([
    ['forward', '', false],
    ['backward', '&desc=true', true],
  ])('is read page by page, %s, each user once', async (_name, order, isReversed) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { id: string }[]; pagination: { next_cursor: string | null } } = (
        await server('GET', `/users?limit=3&query=pager${order}${cursor === null ? '' : `&cursor=${cursor}`}`)
      ).json as never;
      seen.push(...page.items.map((item) => item.id));
      cursor = page.pagination.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(isReversed ? [...ids].reverse() : ids);
  });

  test('without a limit is everything', async () => {
    const answer = await server('GET', '/users?query=PAGER');
    expect(answer.json).toMatchObject({ is_paginated: true, pagination: { next_cursor: null } });
    expect(answer.json['items']).toHaveLength(7);
  });

  test('finds by address and by id, and takes % as a percent sign', async () => {
    const { id, primary_email: email } = await create({ primary_email: freshEmail() });
    const found = async (query: string) =>
      ((await server('GET', `/users?query=${encodeURIComponent(query)}`)).json['items'] as { id: string }[]).map((user) => user.id);
    expect(await found(String(email).toUpperCase())).toEqual([id]);
    expect(await found(id)).toEqual([id]);
    expect(await found('%')).toEqual([]);
  });

  test('leaves out the anonymous and the restricted unless asked', async () => {
    const anonymous = await create({ is_anonymous: true, display_name: 'Hidden one' });
    const restricted = await create({ restricted_by_admin: true, restricted_by_admin_reason: 'r', display_name: 'Hidden two' });
    const found = async (more: string) =>
      ((await server('GET', `/users?query=hidden${more}`)).json['items'] as { id: string }[]).map((user) => user.id).sort();
    expect(await found('')).toEqual([]);
    expect(await found('&include_restricted=true')).toEqual([restricted.id]);
    expect(await found('&include_anonymous=true')).toEqual([anonymous.id, restricted.id].sort());
    expect(await found('&only_anonymous=true')).toEqual([anonymous.id]);
  });
});

describe('a user', () => {
  test('is changed field by field, and an empty name is none', async () => {
    const { id } = await create({ display_name: 'Before', client_metadata: { a: 1 } });
    const after = await server('PATCH', `/users/${id}`, {
      display_name: '',
      server_metadata: [1, null],
      profile_image_url: 'https://a.example/i.png',
    });
    expect(after.json).toMatchObject({
      display_name: null,
      client_metadata: { a: 1 },
      server_metadata: [1, null],
      profile_image_url: 'https://a.example/i.png',
    });
    expect((await server('PATCH', `/users/${id}`, { client_metadata: null })).json['client_metadata']).toBeNull();
  });

  test('has its address stored trimmed and in lower case, and signs in with any spelling', async () => {
    const email = freshEmail();
    const answer = await legacy.call('POST', '/auth/password/sign-up', {
      headers: as('client'),
      body: { email: email.toUpperCase(), password: 'password1' },
    });
    expect((await server('GET', `/users/${answer.json['user_id']}`)).json['primary_email']).toBe(email);
    const signedIn = await legacy.call('POST', '/auth/password/sign-in', {
      headers: as('client'),
      body: { email: email.toUpperCase(), password: 'password1' },
    });
    expect(signedIn.json['user_id']).toBe(answer.json['user_id']);
  });

  test('loses every session when its password changes', async () => {
    const person = await signUp(legacy);
    await server('PATCH', `/users/${person.userId}`, { password: 'another-password' });
    const refreshed = await legacy.call('POST', '/auth/sessions/current/refresh', {
      headers: { ...as('client'), 'x-stack-refresh-token': person.refreshToken },
    });
    expect(refreshed.status).toBe(401);
    const signIn = (password: string) =>
      legacy.call('POST', '/auth/password/sign-in', { headers: as('client'), body: { email: person.email, password } });
    expect([(await signIn('password1')).status, (await signIn('another-password')).status]).toEqual([400, 200]);
  });

  test('with an imported hash signs in', async () => {
    const email = freshEmail();
    const { rows } = await legacy.admin.query('select "passwordHash" from "PasswordAuthMethod" where "tenancyId" = $1 limit 1', [
      internalTenancyId,
    ]);
    await create({ primary_email: email, primary_email_auth_enabled: true, password_hash: rows[0].passwordHash });
    const signedIn = await legacy.call('POST', '/auth/password/sign-in', {
      headers: as('client'),
      body: { email, password: 'development-password' },
    });
    expect(signedIn.status).toBe(200);
  });

  test('that is deleted is gone from its own live token, and signs in no more', async () => {
    const person = await signUp(legacy);
    await server('DELETE', `/users/${person.userId}`);
    const me = await legacy.call('GET', '/users/me', { headers: as('client'), token: person.accessToken });
    expect(me.json['code']).toBe('CANNOT_GET_OWN_USER_WITHOUT_USER');
    const signedIn = await legacy.call('POST', '/auth/password/sign-in', {
      headers: as('client'),
      body: { email: person.email, password: 'password1' },
    });
    expect(signedIn.json['code']).toBe('EMAIL_PASSWORD_MISMATCH');
  });

  test('is told in its token: the name it has now', async () => {
    const person = await signUp(legacy);
    await legacy.call('PATCH', '/users/me', { headers: as('client'), token: person.accessToken, body: { display_name: 'Now' } });
    const refreshed = await legacy.call('POST', '/auth/sessions/current/refresh', {
      headers: { ...as('client'), 'x-stack-refresh-token': person.refreshToken },
    });
    const [, payload] = String(refreshed.json['access_token']).split('.');
    expect(JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())).toMatchObject({ name: 'Now', sub: person.userId });
  });
});

test('an unknown user takes as long to be refused as a wrong password', async () => {
  const person = await signUp(legacy);
  const timed = async (email: string) => {
    const start = performance.now();
    await legacy.call('POST', '/auth/password/sign-in', { headers: as('client'), body: { email, password: 'wrong-password' } });
    return performance.now() - start;
  };
  const best = async (email: string) => Math.min(await timed(email), await timed(email), await timed(email), await timed(email));
  const [known, unknown] = [await best(person.email), await best('nobody-at-all@example.com')];
  expect(unknown).toBeGreaterThan(known * 0.5);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

type Channel = {
  id: string;
  value: string;
  is_primary: boolean;
  is_verified: boolean;
  used_for_auth: boolean;
  user_id: string;
  type: string;
};

const callbackUrl = 'http://localhost:3000/verify?next=1';
const rounds = 5;

let legacy: Legacy;
let world: World;
let person: Person;
let stranger: Person;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  person = await world.signUp();
  stranger = await world.signUp();
});
afterAll(() => legacy.close());

const create = (user: Person, over: object = {}): Promise<Answer> =>
  world.call('client', 'POST', '/contact-channels', {
    user,
    body: { user_id: 'me', type: 'email', value: freshEmail(), used_for_auth: false, ...over },
  });
const made = async (user: Person, over: object = {}) => (await create(user, over)).json as unknown as Channel;
const channelsOf = async (user: Person) =>
  (await world.must('server', 'GET', `/contact-channels?user_id=${user.userId}`))['items'] as Channel[];
const primaryOf = async (user: Person) => {
  const found = (await channelsOf(user)).filter((channel) => channel.is_primary);
  expect(found).toHaveLength(1);
  return found[0] as Channel;
};
const patch = (user: Person, id: string, body: object) => world.call('client', 'PATCH', `/contact-channels/me/${id}`, { user, body });
const serverPatch = (channel: Channel, body: object) =>
  world.call('server', 'PATCH', `/contact-channels/${channel.user_id}/${channel.id}`, { body });
const codes = (answers: Answer[]) => answers.map((answer) => answer.json['code'] ?? answer.status).sort();
const toldOf = async (user: Person) =>
  (await world.told()).filter((told) => told.type === 'user.updated' && told.data['id'] === user.userId).map((told) => told.data);
const userCode = async (user: Person) => {
  const { rows } = await legacy.admin.query<{ code: string }>(
    `select "code" from "VerificationCode" where "data" ->> 'user_id' = $1 order by "createdAt" desc limit 1`,
    [user.userId],
  );
  return rows[0]?.code ?? '';
};

describe('GET /contact-channels', () => {
  test('lists what a user has, oldest first, or the one asked for', async () => {
    const user = await world.signUp();
    const second = await made(user);
    const listed = await world.must('client', 'GET', '/contact-channels?user_id=me', { user });
    expect(listed['items']).toEqual([
      {
        user_id: user.userId,
        id: expect.any(String),
        type: 'email',
        value: user.email,
        is_primary: true,
        is_verified: false,
        used_for_auth: true,
      },
      {
        user_id: user.userId,
        id: second.id,
        type: 'email',
        value: second.value,
        is_primary: false,
        is_verified: false,
        used_for_auth: false,
      },
    ]);
    const one = await world.must('client', 'GET', `/contact-channels?user_id=me&contact_channel_id=${second.id}`, { user });
    expect(one['items']).toEqual([second]);
  });

  test('lists a client only its own', async () => {
    const own = await world.call('client', 'GET', `/contact-channels?user_id=${stranger.userId}`, { user: person });
    expect([own.status, own.text]).toEqual([403, 'Client can only list contact channels for their own user.']);
    expect((await world.call('client', 'GET', '/contact-channels', { user: person })).status).toBe(403);
    expect((await world.call('client', 'GET', `/contact-channels?user_id=${person.userId}`)).json['code']).toBe(
      'USER_AUTHENTICATION_REQUIRED',
    );
  });
});

describe('POST /contact-channels', () => {
  test('adds an address as it is stored: trimmed, lower case, unverified', async () => {
    const value = freshEmail();
    const answer = await create(person, { value: value.toUpperCase() });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      user_id: person.userId,
      id: expect.any(String),
      type: 'email',
      value,
      is_primary: false,
      is_verified: false,
      used_for_auth: false,
    });
  });

  test('lets servers say that it is verified, and clients not', async () => {
    const body = { user_id: person.userId, type: 'email', value: freshEmail(), used_for_auth: false, is_verified: true };
    expect((await world.must('server', 'POST', '/contact-channels', { body }))['is_verified']).toBe(true);
    expect((await create(person, { is_verified: true })).text).toContain('body contains unknown properties: is_verified');
  });

  test.each([
    ['no address', { value: 'nope' }, 400, 'body.value must be a valid email'],
    ['an empty address', { value: '' }, 400, 'body.value must not be empty'],
    ['another kind', { type: 'phone' }, 400, 'body.type must be one of the following values: email'],
  ])('refuses %s', async (_name, over, status, words) => {
    const answer = await create(person, over);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(words)]);
  });

  test('refuses an address somebody else signs in with, and one the user has already', async () => {
    const taken = await create(person, { value: stranger.email, used_for_auth: true });
    expect([taken.status, taken.json['code'], taken.json['details']]).toEqual([
      409,
      'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE',
      { type: 'email', contact_channel_value: stranger.email, would_work_if_email_was_verified: false },
    ]);
    expect((await create(person, { value: stranger.email })).status).toBe(201);
    expect((await create(person, { value: person.email })).status).toBe(409);
  });

  test('refuses other users to clients, and users that do not exist to servers', async () => {
    const foreign = await create(person, { user_id: stranger.userId });
    expect([foreign.status, foreign.text]).toEqual([403, 'Client can only create contact channels for their own user.']);
    const body = { user_id: '11111111-1111-4111-8111-111111111111', type: 'email', value: freshEmail(), used_for_auth: false };
    expect((await world.call('server', 'POST', '/contact-channels', { body })).json['code']).toBe('USER_ID_DOES_NOT_EXIST');
  });

  test('makes a new primary address the only one, and tells the project', async () => {
    const user = await world.signUp();
    const next = await made(user, { is_primary: true });
    expect((await primaryOf(user)).id).toBe(next.id);
    expect((await toldOf(user)).at(-1)).toMatchObject({ primary_email: next.value, primary_email_verified: false });
  });

  test('gives a user no more than a hundred', async () => {
    const user = await world.signUp();
    await legacy.admin.query(
      `insert into "ContactChannel" ("tenancyId", "projectUserId", "id", "type", "value")
       select $1, $2, gen_random_uuid(), 'EMAIL', 'n' || n || '@many.example' from generate_series(1, 99) n`,
      [world.project.tenancyId, user.userId],
    );
    const answer = await create(user);
    expect([answer.status, answer.text]).toEqual([400, 'A user can have at most 100 contact channels.']);
  });

  test('two users take one address for signing in: one gets it', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const value = freshEmail();
      const answers = await Promise.all([person, stranger].map((user) => create(user, { value, used_for_auth: true })));
      expect(codes(answers)).toEqual([201, 'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE']);
    }
  });

  test('one address through all three doors at once: one user gets it', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const value = freshEmail();
      const body = { primary_email: value, primary_email_auth_enabled: true };
      const answers = await Promise.all([
        create(person, { value, used_for_auth: true }),
        world.call('server', 'POST', '/users', { body }),
        world.call('server', 'PATCH', `/users/${(await world.signUp()).userId}`, { body }),
        world.call('client', 'POST', '/auth/password/sign-up', { body: { email: value, password: 'password1' } }),
      ]);
      expect(answers.filter((answer) => answer.status < 300)).toHaveLength(1);
      for (const loser of answers.filter((answer) => answer.status >= 300))
        expect([loser.status, loser.text]).toEqual([409, expect.anything()]);
      const { rows } = await legacy.admin.query(
        `select "projectUserId" from "ContactChannel" where "value" = $1 and "usedForAuth" = 'TRUE'`,
        [value],
      );
      expect(rows).toHaveLength(1);
    }
  });

  test('two primary addresses at once: both are there, one is primary', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const answers = await Promise.all([create(person, { is_primary: true }), create(person, { is_primary: true })]);
      expect(codes(answers)).toEqual([201, 201]);
      await primaryOf(person);
    }
  });
});

describe('GET /contact-channels/:user_id/:contact_channel_id', () => {
  test('is for its owner and for servers', async () => {
    const channel = await made(person);
    const path = `/contact-channels/${person.userId}/${channel.id}`;
    expect(await world.must('client', 'GET', `/contact-channels/me/${channel.id}`, { user: person })).toEqual(channel);
    expect(await world.must('server', 'GET', path)).toEqual(channel);
    expect((await world.call('client', 'GET', path, { user: stranger })).status).toBe(403);
    const none = await world.call('server', 'GET', `/contact-channels/${stranger.userId}/${channel.id}`);
    expect([none.status, none.text]).toEqual([404, 'Contact channel not found.']);
  });
});

describe('PATCH /contact-channels/:user_id/:contact_channel_id', () => {
  test('another address is not verified any more, the same one still is', async () => {
    const channel = await made(person);
    expect((await serverPatch(channel, { is_verified: true })).json['is_verified']).toBe(true);
    expect((await patch(person, channel.id, { value: channel.value.toUpperCase() })).json['is_verified']).toBe(true);
    expect((await patch(person, channel.id, { value: freshEmail() })).json['is_verified']).toBe(false);
    expect((await serverPatch(channel, { value: freshEmail(), is_verified: true })).json['is_verified']).toBe(true);
    expect((await patch(person, channel.id, { is_verified: true })).text).toContain('body contains unknown properties: is_verified');
    expect((await patch(person, channel.id, { value: 'nope' })).text).toContain('body.value must be a valid email');
  });

  test('being primary moves, and may end', async () => {
    const user = await world.signUp();
    const channel = await made(user);
    expect((await patch(user, channel.id, { is_primary: true })).json['is_primary']).toBe(true);
    expect((await primaryOf(user)).id).toBe(channel.id);
    expect((await toldOf(user)).at(-1)).toMatchObject({ primary_email: channel.value });
    expect((await patch(user, channel.id, { is_primary: false })).json['is_primary']).toBe(false);
    expect((await toldOf(user)).at(-1)).toMatchObject({ primary_email: null });
  });

  test('refuses an address somebody else signs in with, whichever of the two is changed', async () => {
    const taken = { code: 'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE', details: { contact_channel_value: stranger.email } };
    const user = await world.signUp();
    const primary = await primaryOf(user);
    expect((await patch(user, primary.id, { value: stranger.email })).json).toMatchObject(taken);
    const copy = await made(user, { value: stranger.email });
    expect((await patch(user, copy.id, { used_for_auth: true })).json).toMatchObject(taken);
    expect((await patch(user, copy.id, { value: user.email })).status).toBe(409);
  });

  test('refuses other users to clients, and what is not there', async () => {
    const channel = await made(person);
    const foreign = await world.call('client', 'PATCH', `/contact-channels/${person.userId}/${channel.id}`, { user: stranger, body: {} });
    expect([foreign.status, foreign.text]).toEqual([403, 'Client can only update contact channels for their own user.']);
    expect((await patch(person, person.userId, {})).status).toBe(404);
  });

  test('two channels become primary at once: one is', async () => {
    const [a, b] = [await made(person), await made(person)];
    for (let round = 0; round < rounds; round += 1) {
      const answers = await Promise.all([a, b].map(({ id }) => patch(person, id, { is_primary: true })));
      expect(codes(answers)).toEqual([200, 200]);
      expect([a.id, b.id]).toContain((await primaryOf(person)).id);
    }
  });
});

describe('DELETE /contact-channels/:user_id/:contact_channel_id', () => {
  test('takes the address away, and it is free for others', async () => {
    const user = await world.signUp();
    const { id } = await primaryOf(user);
    expect((await world.call('client', 'DELETE', `/contact-channels/${user.userId}/${id}`, { user: stranger })).status).toBe(403);
    expect(await world.must('client', 'DELETE', `/contact-channels/me/${id}`, { user })).toEqual({ success: true });
    expect((await toldOf(user)).at(-1)).toMatchObject({ primary_email: null, primary_email_auth_enabled: false });
    expect((await world.call('client', 'DELETE', `/contact-channels/me/${id}`, { user })).status).toBe(404);
    expect((await create(stranger, { value: user.email, used_for_auth: true })).status).toBe(201);
  });
});

describe('POST /contact-channels/:user_id/:contact_channel_id/send-verification-code', () => {
  const send = (user: Person, id: string, url = callbackUrl) =>
    world.call('client', 'POST', `/contact-channels/${user.userId}/${id}/send-verification-code`, { user, body: { callback_url: url } });

  test('mails a link to that address, whose code verifies that address and no other', async () => {
    const user = await world.signUp();
    const channel = await made(user);
    expect((await send(user, channel.id)).json).toEqual({ success: true });
    const mail = (await world.mails()).at(-1);
    expect(mail).toMatchObject({
      kind: 'contact-channel-verification',
      payload: {
        recipient: { type: 'user-custom-emails', user_id: user.userId, emails: [channel.value] },
        subject: 'Verify your email at World',
      },
    });
    const link = new URL(/http:\S+/.exec(mail?.payload.text ?? '')?.[0] ?? '');
    expect(link.searchParams.get('next')).toBe('1');
    await world.must('client', 'POST', '/contact-channels/verify', { body: { code: link.searchParams.get('code') } });
    expect((await channelsOf(user)).map(({ value, is_verified: isVerified }) => [value, isVerified])).toEqual([
      [user.email, false],
      [channel.value, true],
    ]);
    expect((await send(user, channel.id)).json['code']).toBe('EMAIL_ALREADY_VERIFIED');
  });

  test('refuses where a link may not lead, other users, and what is not there', async () => {
    const { id } = await primaryOf(person);
    expect((await send(person, id, 'https://evil.example/v')).json['code']).toBe('REDIRECT_URL_NOT_WHITELISTED');
    const foreign = { user: stranger, body: { callback_url: callbackUrl } };
    expect((await world.call('client', 'POST', `/contact-channels/${person.userId}/${id}/send-verification-code`, foreign)).status).toBe(
      403,
    );
    expect((await send(person, stranger.userId)).status).toBe(404);
  });
});

describe('POST /contact-channels/send-verification-code', () => {
  const send = (user: Person | undefined, email: string) =>
    world.call('client', 'POST', '/contact-channels/send-verification-code', { user, body: { email, callback_url: callbackUrl } });

  test('is for the primary address only', async () => {
    const user = await world.signUp();
    expect((await send(user, user.email.toUpperCase())).json).toEqual({ success: true });
    const other = freshEmail();
    expect((await send(user, other)).json).toMatchObject({
      code: 'EMAIL_IS_NOT_PRIMARY_EMAIL',
      details: { email: other, primary_email: user.email },
    });
    await world.must('client', 'POST', '/contact-channels/verify', { body: { code: await userCode(user) } });
    expect((await send(user, user.email)).json['code']).toBe('EMAIL_ALREADY_VERIFIED');
    expect((await send(undefined, user.email)).json['code']).toBe('USER_AUTHENTICATION_REQUIRED');
  });
});

describe('POST /contact-channels/verify', () => {
  const verify = (code: string) => world.call('client', 'POST', '/contact-channels/verify', { body: { code } });
  const withCode = async () => {
    const user = await world.signUp();
    await world.must('client', 'POST', '/contact-channels/send-verification-code', {
      user,
      body: { email: user.email, callback_url: callbackUrl },
    });
    return { user, code: await userCode(user) };
  };

  test('verifies, tells the project, and works once, in any case of letters', async () => {
    const { user, code } = await withCode();
    expect((await verify(code.toUpperCase())).json).toEqual({ success: true });
    expect((await toldOf(user)).at(-1)).toMatchObject({ primary_email_verified: true });
    expect((await verify(code)).json['code']).toBe('VERIFICATION_CODE_ALREADY_USED');
  });

  test('two uses of one code at once: one counts', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { user, code } = await withCode();
      expect(codes(await Promise.all([verify(code), verify(code)]))).toEqual([200, 'VERIFICATION_CODE_ALREADY_USED']);
      expect((await toldOf(user)).filter((data) => data['primary_email_verified'] === true)).toHaveLength(1);
    }
  });

  test('a code for an address the user changed since, or of a user who is gone, counts as none', async () => {
    const changed = await withCode();
    await patch(changed.user, (await primaryOf(changed.user)).id, { value: freshEmail() });
    expect((await verify(changed.code)).json['code']).toBe('VERIFICATION_CODE_NOT_FOUND');
    const gone = await withCode();
    await world.must('server', 'DELETE', `/users/${gone.user.userId}`);
    expect((await verify(gone.code)).json['code']).toBe('VERIFICATION_CODE_NOT_FOUND');
  });

  test('a code that expired, and one made up, are told apart', async () => {
    const { code } = await withCode();
    await legacy.admin.query(`update "VerificationCode" set "expiresAt" = now() where "code" = $1`, [code]);
    expect((await verify(code)).json['code']).toBe('VERIFICATION_CODE_EXPIRED');
    expect((await verify('0'.repeat(45))).json['code']).toBe('VERIFICATION_CODE_NOT_FOUND');
    expect((await verify('0')).text).toContain('body.code must be exactly 45 characters');
  });
});

describe('POST /contact-channels/verify/check-code', () => {
  const check = (code: string) => world.call('client', 'POST', '/contact-channels/verify/check-code', { body: { code } });

  test('says whether a code would work without using it, and not more than twenty times', async () => {
    const user = await world.signUp();
    await world.must('client', 'POST', '/contact-channels/send-verification-code', {
      user,
      body: { email: user.email, callback_url: callbackUrl },
    });
    const code = await userCode(user);
    for (let attempt = 0; attempt < 20; attempt += 1) expect((await check(code)).json).toEqual({ is_code_valid: true });
    expect((await check(code)).json['code']).toBe('VERIFICATION_CODE_MAX_ATTEMPTS_REACHED');
    expect((await check('0'.repeat(45))).json['code']).toBe('VERIFICATION_CODE_NOT_FOUND');
  });
});

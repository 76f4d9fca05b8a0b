import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
let owner: Person;
let stranger: Person;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  owner = await world.signUp();
  stranger = await world.signUp();
});
afterAll(() => legacy.close());

const nowhere = '00000000-0000-4000-8000-000000000000';
const callback = 'http://localhost:3000/join';
const picture = 'data:image/png;base64,iVBORw0KGgo=';
const codeOf = (answer: { json: Record<string, unknown> }) => answer.json['code'];
const join = (team: { id: string }, user: Person) =>
  world.must('server', 'POST', `/team-memberships/${team.id}/${user.userId}`, { body: {} });
const permissionsIn = async (team: { id: string }, user: Person, recursive = false) =>
  (
    (await world.must('server', 'GET', `/team-permissions?team_id=${team.id}&user_id=${user.userId}&recursive=${recursive}`))['items'] as {
      id: string;
    }[]
  ).map(({ id }) => id);
const toldSince = async (work: () => Promise<unknown>) => {
  const before = (await world.told()).length;
  await work();
  return (await world.told()).slice(before);
};

describe('POST /teams', () => {
  test('makes the creator a member with the creator’s permissions, and tells all of it', async () => {
    let team = { id: '' };
    const told = await toldSince(async () => {
      team = (await world.must('client', 'POST', '/teams', {
        user: owner,
        body: { display_name: 'T', creator_user_id: 'me' },
      })) as typeof team;
    });
    expect(team).toEqual({
      id: team.id,
      display_name: 'T',
      profile_image_url: null,
      client_metadata: null,
      client_read_only_metadata: null,
    });
    expect(await permissionsIn(team, owner)).toEqual(['team_admin']);
    expect(told.map(({ type }) => type)).toEqual(['team.created', 'team_membership.created', 'team_permission.created']);
    expect(told[0]?.data).toMatchObject({ id: team.id, server_metadata: null, created_at_millis: expect.any(Number) });
    expect(told[2]?.data).toEqual({ id: 'team_admin', team_id: team.id, user_id: owner.userId });
  });

  test('by a client needs the project’s leave, a user, and is in the user’s own name', async () => {
    const off = await plantWorld(legacy, { 'teams.allowClientTeamCreation': false });
    const answer = await off.call('client', 'POST', '/teams', { user: await off.signUp(), body: { display_name: 'T' } });
    expect([answer.status, answer.text]).toEqual([403, 'Client team creation is disabled for this project']);
    expect(codeOf(await world.call('client', 'POST', '/teams', { body: { display_name: 'T' } }))).toBe('USER_AUTHENTICATION_REQUIRED');
    const body = { display_name: 'T', creator_user_id: stranger.userId };
    expect((await world.call('client', 'POST', '/teams', { user: owner, body })).status).toBe(403);
  });

  test('takes the deprecated add_current_user, and a client’s pictures only as themselves', async () => {
    const team = (await world.must('client', 'POST', '/teams?add_current_user=true', {
      user: owner,
      body: { display_name: 'T', profile_image_url: picture },
    })) as { id: string };
    expect(team).toMatchObject({ profile_image_url: picture });
    expect(await permissionsIn(team, owner)).toEqual(['team_admin']);
    const body = { display_name: 'T', profile_image_url: 'https://example.com/a.png' };
    const answer = await world.call('client', 'POST', '/teams', { user: owner, body });
    expect([answer.status, answer.text]).toEqual([400, 'Invalid profile image URL']);
    expect((await world.call('server', 'POST', '/teams', { body })).status).toBe(201);
  });

  test('by a server has no member, or the one it names', async () => {
    const team = (await world.must('server', 'POST', '/teams', { body: { display_name: 'T', server_metadata: { a: 1 } } })) as {
      id: string;
    };
    expect(team).toMatchObject({ server_metadata: { a: 1 } });
    expect(await world.must('server', 'GET', `/team-member-profiles?team_id=${team.id}`)).toMatchObject({ items: [] });
    const answer = await world.call('server', 'POST', '/teams', { body: { display_name: 'T', creator_user_id: nowhere } });
    expect(answer.json).toMatchObject({ code: 'USER_ID_DOES_NOT_EXIST', details: { user_id: nowhere } });
    const added = (await world.must('server', 'POST', '/teams?add_current_user=true', { user: owner, body: { display_name: 'T' } })) as {
      id: string;
    };
    expect(await permissionsIn(added, owner)).toEqual(['team_admin']);
  });
});

describe('GET /teams', () => {
  test('lists a client’s own teams only', async () => {
    const user = await world.signUp();
    const team = await world.createTeam(user);
    expect((await world.must('client', 'GET', '/teams?user_id=me', { user }))['items']).toEqual([expect.objectContaining({ id: team.id })]);
    expect((await world.call('client', 'GET', '/teams', { user })).status).toBe(403);
    expect((await world.call('client', 'GET', `/teams?user_id=${owner.userId}`, { user })).status).toBe(403);
  });

  test('pages by age, either way, without leaving one out', async () => {
    const other = await plantWorld(legacy);
    const made: string[] = [];
    for (const name of ['one', 'two', 'three'])
      made.push(String((await other.must('server', 'POST', '/teams', { body: { display_name: name } }))['id']));
    for (const desc of [false, true]) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Record<string, unknown> = await other.must(
          'server',
          'GET',
          `/teams?limit=2&desc=${desc}${cursor === null ? '' : `&cursor=${cursor}`}`,
        );
        seen.push(...(page['items'] as { id: string }[]).map(({ id }) => id));
        cursor = (page['pagination'] as { next_cursor: string | null }).next_cursor;
      } while (cursor !== null);
      expect(seen).toEqual(desc ? made.toReversed() : made);
    }
    expect((await other.must('server', 'GET', '/teams?query=TW'))['items']).toEqual([expect.objectContaining({ display_name: 'two' })]);
    expect((await other.call('server', 'GET', `/teams?cursor=${nowhere}`)).status).toBe(400);
  });
});

describe('GET /teams/:team_id', () => {
  test('is for members and servers', async () => {
    const team = await world.createTeam(owner);
    expect(await world.must('client', 'GET', `/teams/${team.id}`, { user: owner })).not.toHaveProperty('server_metadata');
    expect((await world.call('client', 'GET', `/teams/${team.id}`, { user: stranger })).json).toMatchObject({
      code: 'TEAM_MEMBERSHIP_NOT_FOUND',
      details: { team_id: team.id, user_id: stranger.userId },
    });
    expect(codeOf(await world.call('server', 'GET', `/teams/${nowhere}`))).toBe('TEAM_NOT_FOUND');
  });
});

describe('PATCH /teams/:team_id', () => {
  test('needs $update_team of a client, and tells the change', async () => {
    const team = await world.createTeam(owner);
    await join(team, stranger);
    const told = await toldSince(() =>
      world.must('client', 'PATCH', `/teams/${team.id}`, { user: owner, body: { display_name: 'Renamed' } }),
    );
    expect(told).toEqual([{ type: 'team.updated', data: expect.objectContaining({ id: team.id, display_name: 'Renamed' }) }]);
    const answer = await world.call('client', 'PATCH', `/teams/${team.id}`, { user: stranger, body: { display_name: 'X' } });
    expect(answer.json).toMatchObject({ code: 'TEAM_PERMISSION_REQUIRED', details: { permission_id: '$update_team' } });
    const hidden = await world.call('client', 'PATCH', `/teams/${team.id}`, { user: owner, body: { server_metadata: {} } });
    expect(codeOf(hidden)).toBe('SCHEMA_ERROR');
    const large = await world.call('client', 'PATCH', `/teams/${team.id}`, {
      user: owner,
      body: { client_metadata: { text: 'x'.repeat(70_000) } },
    });
    expect([large.status, large.text]).toEqual([400, 'client_metadata is larger than 65536 bytes of JSON.']);
    expect(codeOf(await world.call('server', 'PATCH', `/teams/${nowhere}`, { body: { display_name: 'X' } }))).toBe('TEAM_NOT_FOUND');
  });
});

describe('DELETE /teams/:team_id', () => {
  test('takes members, permissions, keys and open invitations along, and the selection of its members', async () => {
    const user = await world.signUp();
    const team = await world.createTeam(user);
    await world.must('client', 'PATCH', '/users/me', { user, body: { selected_team_id: team.id } });
    await world.must('client', 'POST', '/team-invitations/send-code', {
      user,
      body: { team_id: team.id, email: freshEmail(), callback_url: callback },
    });
    await world.must('client', 'POST', '/team-api-keys', { user, body: { description: 'd', expires_at_millis: null, team_id: team.id } });
    const code = await world.newestCode('TEAM_INVITATION');
    const told = await toldSince(() => world.must('client', 'DELETE', `/teams/${team.id}`, { user }));
    expect(told).toEqual([{ type: 'team.deleted', data: { id: team.id } }]);
    expect(await world.must('client', 'GET', '/users/me', { user })).toMatchObject({ selected_team_id: null, selected_team: null });
    expect(codeOf(await world.call('client', 'POST', '/team-invitations/accept', { user: stranger, body: { code } }))).toBe(
      'VERIFICATION_CODE_NOT_FOUND',
    );
    const { rows } = await legacy.admin.query(
      `select (select count(*)::int from "TeamMemberDirectPermission" where "teamId" = $1) as permissions, (select count(*)::int from "ProjectApiKey" where "teamId" = $1) as keys`,
      [team.id],
    );
    expect(rows[0]).toEqual({ permissions: 0, keys: 0 });
    expect(codeOf(await world.call('server', 'DELETE', `/teams/${team.id}`))).toBe('TEAM_NOT_FOUND');
  });

  test('needs $delete_team of a client', async () => {
    const team = await world.createTeam(owner);
    await join(team, stranger);
    expect(codeOf(await world.call('client', 'DELETE', `/teams/${team.id}`, { user: stranger }))).toBe('TEAM_PERMISSION_REQUIRED');
  });

  test('while somebody joins leaves no orphan: joined before it or told that there is no team', async () => {
    for (let round = 0; round < 8; round += 1) {
      const team = await world.createTeam(owner);
      const [deleted, joined] = await Promise.all([
        world.call('server', 'DELETE', `/teams/${team.id}`),
        world.call('server', 'POST', `/team-memberships/${team.id}/${stranger.userId}`, { body: {} }),
      ]);
      expect(deleted.status).toBe(200);
      expect([201, 404]).toContain(joined.status);
      const { rows } = await legacy.admin.query('select 1 from "TeamMember" where "teamId" = $1', [team.id]);
      expect(rows).toEqual([]);
    }
  });
});

describe('POST /team-memberships/:team_id/:user_id', () => {
  test('gives the member’s permissions, once', async () => {
    const team = await world.createTeam();
    const told = await toldSince(() => join(team, stranger));
    expect(told.map(({ type }) => type)).toEqual(['team_membership.created', 'team_permission.created']);
    expect(await permissionsIn(team, stranger)).toEqual(['team_member']);
    expect(codeOf(await world.call('server', 'POST', `/team-memberships/${team.id}/${stranger.userId}`, { body: {} }))).toBe(
      'TEAM_MEMBERSHIP_ALREADY_EXISTS',
    );
  });

  test('of one user twice at once has one winner, and the loser is told', async () => {
    for (let round = 0; round < 5; round += 1) {
      const team = await world.createTeam();
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => world.call('server', 'POST', `/team-memberships/${team.id}/${stranger.userId}`, { body: {} })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
      expect(await permissionsIn(team, stranger)).toEqual(['team_member']);
    }
  });

  test.each([
    ['team', () => `/team-memberships/${nowhere}/${stranger.userId}`, 'TEAM_NOT_FOUND'],
    ['user', async () => `/team-memberships/${(await world.createTeam()).id}/${nowhere}`, 'USER_NOT_FOUND'],
  ])('without such a %s is refused', async (_name, path, code) => {
    expect(codeOf(await world.call('server', 'POST', await path(), { body: {} }))).toBe(code);
  });
});

describe('DELETE /team-memberships/:team_id/:user_id', () => {
  test('is for oneself, for those with $remove_members, and for servers', async () => {
    const team = await world.createTeam(owner);
    const third = await world.signUp();
    for (const user of [stranger, third]) await join(team, user);
    const path = (user: Person) => `/team-memberships/${team.id}/${user.userId}`;
    expect(codeOf(await world.call('client', 'DELETE', path(third), { user: stranger, body: {} }))).toBe('TEAM_PERMISSION_REQUIRED');
    const told = await toldSince(() => world.must('client', 'DELETE', path(third), { user: owner, body: {} }));
    expect(told).toEqual([{ type: 'team_membership.deleted', data: { team_id: team.id, user_id: third.userId } }]);
    await world.must('client', 'DELETE', `/team-memberships/${team.id}/me`, { user: stranger, body: {} });
    expect(codeOf(await world.call('server', 'DELETE', path(stranger)))).toBe('TEAM_MEMBERSHIP_NOT_FOUND');
    const { rows } = await legacy.admin.query('select 1 from "TeamMemberDirectPermission" where "teamId" = $1 and "projectUserId" <> $2', [
      team.id,
      owner.userId,
    ]);
    expect(rows).toEqual([]);
  });

  test('of one member twice at once, and of one who is being granted something, leaves nothing behind', async () => {
    for (let round = 0; round < 5; round += 1) {
      const team = await world.createTeam(owner);
      await join(team, stranger);
      const path = `${team.id}/${stranger.userId}`;
      const [first, second, granted] = await Promise.all([
        world.call('server', 'DELETE', `/team-memberships/${path}`),
        world.call('client', 'DELETE', `/team-memberships/${path}`, { user: owner, body: {} }),
        world.call('server', 'POST', `/team-permissions/${path}/reader`, { body: {} }),
      ]);
      expect([first.status, second.status].sort()).toEqual([200, 404]);
      expect([201, 404]).toContain(granted.status);
      expect(await permissionsIn(team, stranger)).toEqual([]);
    }
  });

  test('of the last two admins at once: each leaves or is told that it is no member, and no permission is left behind', async () => {
    const team = await world.createTeam(owner);
    await join(team, stranger);
    await world.must('server', 'POST', `/team-permissions/${team.id}/${stranger.userId}/team_admin`, { body: {} });
    const remove = (user: Person, whom: Person) =>
      world.call('client', 'DELETE', `/team-memberships/${team.id}/${whom.userId}`, { user, body: {} });
    const answers = await Promise.all([remove(owner, stranger), remove(stranger, owner)]);
    for (const answer of answers) expect([200, 401, 404]).toContain(answer.status);
    const members = await legacy.admin.query('select 1 from "TeamMember" where "teamId" = $1', [team.id]);
    const permissions = await legacy.admin.query(
      'select 1 from "TeamMemberDirectPermission" p where "teamId" = $1 and not exists (select from "TeamMember" m where m."teamId" = p."teamId" and m."projectUserId" = p."projectUserId")',
      [team.id],
    );
    expect(members.rows.length).toBe(2 - answers.filter(({ status }) => status === 200).length);
    expect(permissions.rows).toEqual([]);
  });
});

describe('GET /team-member-profiles', () => {
  test('shows the user’s own name where none was chosen, and the whole user to servers', async () => {
    const team = await world.createTeam(owner);
    await world.must('client', 'PATCH', '/users/me', { user: owner, body: { display_name: 'Owner' } });
    const listed = await world.must('server', 'GET', `/team-member-profiles?team_id=${team.id}`);
    expect(listed['items']).toEqual([
      {
        team_id: team.id,
        user_id: owner.userId,
        display_name: 'Owner',
        profile_image_url: null,
        user: expect.objectContaining({ id: owner.userId, server_metadata: null }),
      },
    ]);
    const seen = await world.must('client', 'GET', `/team-member-profiles?team_id=${team.id}`, { user: owner });
    expect(seen['items']).toEqual([{ team_id: team.id, user_id: owner.userId, display_name: 'Owner', profile_image_url: null }]);
  });

  test('of others needs $read_members of a client', async () => {
    const team = await world.createTeam(owner);
    expect(codeOf(await world.call('client', 'GET', `/team-member-profiles?team_id=${team.id}`, { user: stranger }))).toBe(
      'TEAM_MEMBERSHIP_NOT_FOUND',
    );
    await join(team, stranger);
    await world.must('server', 'DELETE', `/team-permissions/${team.id}/${stranger.userId}/team_member`);
    expect(codeOf(await world.call('client', 'GET', `/team-member-profiles?team_id=${team.id}`, { user: stranger }))).toBe(
      'TEAM_PERMISSION_REQUIRED',
    );
    expect((await world.call('client', 'GET', '/team-member-profiles', { user: stranger })).status).toBe(400);
    await world.must('client', 'GET', '/team-member-profiles?user_id=me', { user: stranger });
  });
});

describe('GET /team-member-profiles/:team_id/:user_id', () => {
  test('says when there is no such member', async () => {
    const team = await world.createTeam(owner);
    expect(codeOf(await world.call('client', 'GET', `/team-member-profiles/${team.id}/${stranger.userId}`, { user: owner }))).toBe(
      'TEAM_MEMBERSHIP_NOT_FOUND',
    );
    expect(await world.must('client', 'GET', `/team-member-profiles/${team.id}/me`, { user: owner })).toMatchObject({
      user_id: owner.userId,
    });
  });
});

describe('PATCH /team-member-profiles/:team_id/:user_id', () => {
  test('is for oneself, and for servers', async () => {
    const team = await world.createTeam(owner);
    await join(team, stranger);
    const path = `/team-member-profiles/${team.id}/${stranger.userId}`;
    expect(await world.must('client', 'PATCH', path, { user: stranger, body: { display_name: 'Here' } })).toMatchObject({
      display_name: 'Here',
    });
    expect((await world.call('client', 'PATCH', path, { user: owner, body: { display_name: 'X' } })).status).toBe(403);
    const linked = { profile_image_url: 'https://example.com/a.png' };
    expect((await world.call('client', 'PATCH', path, { user: stranger, body: linked })).status).toBe(400);
    expect(await world.must('server', 'PATCH', path, { body: linked })).toMatchObject(linked);
    expect(await world.must('client', 'PATCH', path, { user: stranger, body: { profile_image_url: picture } })).toMatchObject({
      profile_image_url: picture,
    });
    expect(await world.must('server', 'PATCH', path, { body: { display_name: 'There' } })).toMatchObject({
      display_name: 'There',
      user: {},
    });
  });
});

describe('invitations', () => {
  const send = (team: { id: string }, email: string, user: Person = owner) =>
    world.call('client', 'POST', '/team-invitations/send-code', { user, body: { team_id: team.id, email, callback_url: callback } });
  const accept = (user: Person, code: string) => world.call('client', 'POST', '/team-invitations/accept', { user, body: { code } });
  const verify = (user: Person) =>
    legacy.admin.query(`update "ContactChannel" set "isVerified" = true where "projectUserId" = $1`, [user.userId]);

  describe('POST /team-invitations/send-code', () => {
    test('asks for a mail with a link that carries the code', async () => {
      const team = await world.createTeam(owner);
      const email = freshEmail();
      expect((await send(team, email.toUpperCase())).json).toEqual({ success: true, id: expect.any(String) });
      const mail = (await world.mails()).at(-1);
      expect(mail?.payload).toMatchObject({
        recipient: { type: 'custom-emails', emails: [email] },
        subject: 'You have been invited to join Team',
      });
      expect(mail?.payload.text).toContain(`${callback}?code=${await world.newestCode('TEAM_INVITATION')}`);
    });

    test('needs $invite_members of a client, a team, and an address that may be called back', async () => {
      const team = await world.createTeam(owner);
      expect(codeOf(await send(team, freshEmail(), stranger))).toBe('TEAM_MEMBERSHIP_NOT_FOUND');
      const body = { team_id: team.id, email: freshEmail(), callback_url: 'https://evil.example.com/' };
      expect(codeOf(await world.call('client', 'POST', '/team-invitations/send-code', { user: owner, body }))).toBe(
        'REDIRECT_URL_NOT_WHITELISTED',
      );
      const lost = { team_id: nowhere, email: freshEmail(), callback_url: callback };
      expect(codeOf(await world.call('server', 'POST', '/team-invitations/send-code', { body: lost }))).toBe('TEAM_NOT_FOUND');
    });
  });

  describe('GET /team-invitations', () => {
    test('lists a team’s open ones to those who may, and a user’s own by verified address', async () => {
      const team = await world.createTeam(owner);
      const invitee = await world.signUp();
      const { json } = await send(team, invitee.email);
      const listed = await world.must('client', 'GET', `/team-invitations?team_id=${team.id}`, { user: owner });
      expect(listed['items']).toEqual([
        {
          id: json['id'],
          team_id: team.id,
          team_display_name: 'Team',
          expires_at_millis: expect.any(Number),
          recipient_email: invitee.email,
        },
      ]);
      expect(codeOf(await world.call('client', 'GET', `/team-invitations?team_id=${team.id}`, { user: stranger }))).toBe(
        'TEAM_MEMBERSHIP_NOT_FOUND',
      );
      const own = () => world.must('client', 'GET', '/team-invitations?user_id=me', { user: invitee });
      expect((await own())['items']).toEqual([]);
      await verify(invitee);
      expect((await own())['items']).toEqual(listed['items']);
      expect((await world.call('client', 'GET', '/team-invitations', { user: owner })).status).toBe(400);
    });
  });

  describe('POST /team-invitations/accept', () => {
    test('makes a member, once', async () => {
      const team = await world.createTeam(owner);
      const invitee = await world.signUp();
      await send(team, invitee.email);
      const code = await world.newestCode('TEAM_INVITATION');
      expect((await accept(invitee, code.toUpperCase())).json).toEqual({});
      expect(await permissionsIn(team, invitee)).toEqual(['team_member']);
      expect(codeOf(await accept(invitee, code))).toBe('VERIFICATION_CODE_ALREADY_USED');
    });

    test('twice at once has one winner', async () => {
      for (let round = 0; round < 5; round += 1) {
        const team = await world.createTeam(owner);
        const invitee = await world.signUp();
        await send(team, invitee.email);
        const code = await world.newestCode('TEAM_INVITATION');
        const answers = await Promise.all(Array.from({ length: 3 }, () => accept(invitee, code)));
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
        expect(answers.filter(({ status }) => status === 409).map(codeOf)).toEqual([
          'VERIFICATION_CODE_ALREADY_USED',
          'VERIFICATION_CODE_ALREADY_USED',
        ]);
        expect(await permissionsIn(team, invitee)).toEqual(['team_member']);
      }
    });

    test('is refused to somebody else’s address, to restricted users, and after its time', async () => {
      const team = await world.createTeam(owner);
      const invitee = await world.signUp();
      await send(team, invitee.email);
      const code = await world.newestCode('TEAM_INVITATION');
      expect(codeOf(await accept(stranger, code))).toBe('TEAM_INVITATION_EMAIL_MISMATCH');
      await world.must('server', 'PATCH', `/users/${invitee.userId}`, { body: { restricted_by_admin: true } });
      expect((await accept(invitee, code)).json).toMatchObject({
        code: 'TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED',
        details: { restricted_reason: { type: 'restricted_by_administrator' } },
      });
      await legacy.admin.query(`update "VerificationCode" set "expiresAt" = now() where "code" = $1`, [code]);
      expect(codeOf(await accept(invitee, code))).toBe('VERIFICATION_CODE_EXPIRED');
    });
  });

  describe('POST /team-invitations/accept', () => {
    test('to a second address needs that it is verified', async () => {
      const team = await world.createTeam(owner);
      const invitee = await world.signUp();
      const second = freshEmail();
      const body = { user_id: invitee.userId, type: 'email', value: second, used_for_auth: false };
      await world.must('server', 'POST', '/contact-channels', { body: { ...body, is_verified: false } });
      await send(team, second);
      const code = await world.newestCode('TEAM_INVITATION');
      expect(codeOf(await accept(invitee, code))).toBe('TEAM_INVITATION_EMAIL_MISMATCH');
      await verify(invitee);
      expect((await accept(invitee, code)).json).toEqual({});
    });
  });

  describe('POST /team-invitations/accept/check-code', () => {
    test('says whether a code is good, and stops guessing after 20 attempts', async () => {
      const team = await world.createTeam(owner);
      await send(team, stranger.email);
      const code = await world.newestCode('TEAM_INVITATION');
      const check = (typed: string) =>
        world.call('client', 'POST', '/team-invitations/accept/check-code', { user: stranger, body: { code: typed } });
      expect((await check(code)).json).toEqual({ is_code_valid: true });
      const guess = `${code.startsWith('0') ? '1' : '0'}${code.slice(1)}`;
      for (let n = 0; n < 19; n += 1) expect(codeOf(await check(guess))).toBe('VERIFICATION_CODE_NOT_FOUND');
      expect(codeOf(await check(code))).toBe('VERIFICATION_CODE_MAX_ATTEMPTS_REACHED');
    });
  });

  describe('POST /team-invitations/accept/details', () => {
    test('says which team', async () => {
      const team = await world.createTeam(owner);
      await send(team, stranger.email);
      const body = { code: await world.newestCode('TEAM_INVITATION') };
      const details = await world.must('client', 'POST', '/team-invitations/accept/details', { user: stranger, body });
      expect(details).toEqual({ team_id: team.id, team_display_name: 'Team' });
    });

    test.each(['accept', 'accept/check-code', 'accept/details'])('is, like %s, for somebody signed in', async (path) => {
      const body = { code: '0'.repeat(45) };
      expect(codeOf(await world.call('client', 'POST', `/team-invitations/${path}`, { body }))).toBe('USER_AUTHENTICATION_REQUIRED');
    });
  });

  describe('DELETE /team-invitations/:id', () => {
    test('takes it back, for those with $remove_members', async () => {
      const team = await world.createTeam(owner);
      const { json } = await send(team, stranger.email);
      const path = `/team-invitations/${json['id']}?team_id=${team.id}`;
      expect(codeOf(await world.call('client', 'DELETE', path, { user: stranger }))).toBe('TEAM_MEMBERSHIP_NOT_FOUND');
      await world.must('client', 'DELETE', path, { user: owner });
      expect(codeOf(await world.call('client', 'DELETE', path, { user: owner }))).toBe('VERIFICATION_CODE_NOT_FOUND');
    });
  });

  describe('POST /team-invitations/:id/accept', () => {
    test('needs a verified address, and is for oneself', async () => {
      const team = await world.createTeam(owner);
      const invitee = await world.signUp();
      const { json } = await send(team, invitee.email);
      const path = (user: string) => `/team-invitations/${json['id']}/accept?user_id=${user}`;
      expect(codeOf(await world.call('client', 'POST', path('me'), { user: invitee }))).toBe('VERIFICATION_CODE_NOT_FOUND');
      await verify(invitee);
      expect((await world.call('client', 'POST', path(invitee.userId), { user: owner })).status).toBe(403);
      await world.must('server', 'PATCH', `/users/${invitee.userId}`, { body: { restricted_by_admin: true } });
      expect(codeOf(await world.call('client', 'POST', path('me'), { user: invitee }))).toBe('TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED');
      await world.must('server', 'PATCH', `/users/${invitee.userId}`, { body: { restricted_by_admin: false } });
      expect(await world.must('client', 'POST', path('me'), { user: invitee })).toEqual({});
      expect(await permissionsIn(team, invitee)).toEqual(['team_member']);
    });
  });
});

import { randomUUID } from 'node:crypto';
import { projectsCrud } from '@stackframe/stack-shared/dist/interface/crud/projects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { as, keys, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

/** What other parts read when they come to it; it never changes. */
const logs = ['DomainEvent', 'MailRequest'];
const adminReadSchema = projectsCrud.admin.readSchema;

let legacy: Legacy;
/** Somebody who makes projects, and their team in the project `internal`. */
let owner: SignedUp;
let ownTeam: string;
beforeAll(async () => {
  legacy = await openLegacy();
  owner = await signUp(legacy);
  ownTeam = await teamOf(owner);
});
afterAll(() => legacy.close());

const asOwner = (projectId: string, person: SignedUp = owner, branchId = 'main') => ({
  'x-stack-project-id': projectId,
  'x-stack-branch-id': branchId,
  'x-stack-access-type': 'admin',
  'x-stack-admin-access-token': person.accessToken,
  // As the admin SDK with `projectOwnerSession` sends them.
  'x-stack-secret-server-key': '',
  'x-stack-super-secret-admin-key': '',
});
const asClient = (projectId: string) => ({ 'x-stack-project-id': projectId, 'x-stack-access-type': 'client' });

async function teamOf(person: SignedUp): Promise<string> {
  const me = await legacy.call('GET', '/users/me', { headers: as('client'), token: person.accessToken });
  return String(me.json['selected_team_id']);
}

async function createProject(body: object = {}): Promise<string> {
  const answer = await legacy.call('POST', '/internal/projects', {
    headers: as('client'),
    token: owner.accessToken,
    body: { display_name: 'Made', owner_team_id: ownTeam, ...body },
  });
  expect(answer.status, answer.text).toBe(201);
  return String(answer.json['id']);
}

const signUpAt = (projectId: string, branchId = 'main') =>
  legacy.call('POST', '/auth/password/sign-up', {
    headers: { ...asClient(projectId), 'x-stack-branch-id': branchId },
    body: { email: `${randomUUID()}@example.com`, password: 'password1' },
  });

describe('POST /internal/projects', () => {
  test('makes a project that works at once, and answers all of it', async () => {
    const answer = await legacy.call('POST', '/internal/projects', {
      headers: as('client'),
      token: owner.accessToken,
      body: { display_name: 'New', owner_team_id: ownTeam, description: 'A new one', config: { magic_link_enabled: true } },
    });
    expect(answer.status).toBe(201);
    expect(await adminReadSchema?.validate(answer.json, { strict: true })).toBeDefined();
    expect(answer.json).toMatchObject({
      display_name: 'New',
      description: 'A new one',
      owner_team_id: ownTeam,
      is_production_mode: false,
      onboarding_status: 'completed',
      config: {
        sign_up_enabled: true,
        credential_enabled: true,
        magic_link_enabled: true,
        passkey_enabled: false,
        allow_localhost: true,
        client_team_creation_enabled: false,
        email_config: { type: 'shared' },
        team_creator_default_permissions: [{ id: 'team_admin' }],
        team_member_default_permissions: [{ id: 'team_member' }],
        user_default_permissions: [],
      },
    });
    expect((await signUpAt(String(answer.json['id']))).status).toBe(200);
  });

  test('takes every word about a project', async () => {
    const words = {
      description: null,
      is_production_mode: true,
      is_development_environment: true,
      logo_url: 'https://example.com/a.png',
      onboarding_status: 'auth_setup',
    };
    const id = await createProject(words);
    const answer = await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id) });
    expect(answer.json).toMatchObject({ ...words, description: '' });
  });

  test('is for the project `internal`, its users, and teams of theirs', async () => {
    const post = (headers: Record<string, string>, body: object, token?: string) =>
      legacy.call('POST', '/internal/projects', { headers, body, ...(token === undefined ? {} : { token }) });
    const body = { display_name: 'X', owner_team_id: randomUUID() };
    const other = await createProject();
    expect((await post(asClient(other), body)).json['code']).toBe('EXPECTED_INTERNAL_PROJECT');
    expect((await post(as('client'), body)).json['code']).toBe('USER_AUTHENTICATION_REQUIRED');
    const stranger = await signUp(legacy);
    expect((await post(as('client'), { ...body, owner_team_id: ownTeam }, stranger.accessToken)).status).toBe(400);
    expect((await post(as('server'), body, owner.accessToken)).json['code']).toBe('INSUFFICIENT_ACCESS_TYPE');
  });

  test('refuses what it does not know', async () => {
    const body = { display_name: 'X', owner_team_id: ownTeam, config: { surprise: true } };
    const answer = await legacy.call('POST', '/internal/projects', { headers: as('client'), token: owner.accessToken, body });
    expect(answer.json['code']).toBe('SCHEMA_ERROR');
    expect(answer.text).toContain('body.config contains unknown properties: surprise');
  });
});

describe('GET /internal/projects', () => {
  test('lists those of the user’s teams, newest first, and no others', async () => {
    const person = await signUp(legacy);
    const teamId = await teamOf(person);
    const list = () => legacy.call('GET', '/internal/projects', { headers: as('client'), token: person.accessToken });
    expect((await list()).json).toEqual({ items: [], is_paginated: false });
    for (const name of ['first', 'second']) {
      await legacy.call('POST', '/internal/projects', {
        headers: as('client'),
        token: person.accessToken,
        body: { display_name: name, owner_team_id: teamId },
      });
    }
    const { items } = (await list()).json as { items: { display_name: string }[] };
    expect(items.map((item) => item.display_name)).toEqual(['second', 'first']);
  });

  test('is for the project `internal` and its users', async () => {
    const other = await createProject();
    expect((await legacy.call('GET', '/internal/projects', { headers: asClient(other) })).json['code']).toBe('EXPECTED_INTERNAL_PROJECT');
    expect((await legacy.call('GET', '/internal/projects', { headers: as('client') })).json['code']).toBe('USER_AUTHENTICATION_REQUIRED');
  });
});

describe('GET /internal/projects/current', () => {
  test('is answered to a member of the owner team without a key, and to nobody else', async () => {
    const id = await createProject();
    expect((await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id) })).json).toMatchObject({ id });
    const stranger = await signUp(legacy);
    const refused = await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id, stranger) });
    expect(refused.json['code']).toBe('ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN');
    const { 'x-stack-admin-access-token': _token, ...withoutToken } = asOwner(id);
    const empty = await legacy.call('GET', '/internal/projects/current', { headers: withoutToken });
    expect(empty.json['code']).toBe('ADMIN_AUTHENTICATION_REQUIRED');
  });

  test('has the shape that published clients read', async () => {
    const answer = await legacy.call('GET', '/internal/projects/current', { headers: as('admin') });
    expect(await adminReadSchema?.validate(answer.json, { strict: true })).toBeDefined();
  });

  test('a branch that does not exist is refused', async () => {
    const answer = await legacy.call('GET', '/internal/projects/current', { headers: { ...as('admin'), 'x-stack-branch-id': 'nowhere' } });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'BRANCH_DOES_NOT_EXIST', details: { branch_id: 'nowhere' } });
  });
});

describe('PATCH /internal/projects/current', () => {
  test('changes what is given and leaves the rest', async () => {
    const id = await createProject({ description: 'stays' });
    const body = {
      display_name: 'Renamed',
      logo_full_url: 'https://example.com/full.png',
      onboarding_state: {
        selected_config_choice: 'create-new',
        selected_apps: [],
        selected_sign_in_methods: ['credential'],
        selected_email_theme_id: null,
        selected_payments_country: 'US',
      },
      config: { domains: [{ domain: 'https://app.example.com', handler_path: '/handler' }], email_config: { type: 'shared' } },
    };
    const answer = await legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(id), body });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject({ ...body, description: 'stays', config: { ...body.config, credential_enabled: true } });
    expect((await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id) })).json).toEqual(answer.json);
    const cleared = { logo_full_url: null, onboarding_state: null };
    expect((await legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(id), body: cleared })).json).toMatchObject(cleared);
  });

  test('a default permission that is not defined is refused, and nothing changes', async () => {
    const id = await createProject();
    const body = { display_name: 'Not this', config: { user_default_permissions: [{ id: 'nothing' }] } };
    const answer = await legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(id), body });
    expect(answer.json).toMatchObject({ code: 'PERMISSION_NOT_FOUND', details: { permission_id: 'nothing' } });
    expect((await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id) })).json['display_name']).toBe('Made');
  });

  test('a mail server of one’s own must be whole', async () => {
    const body = { config: { email_config: { type: 'standard', host: 'smtp.example.com' } } };
    const answer = await legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(await createProject()), body });
    expect(answer.json['code']).toBe('SCHEMA_ERROR');
    expect(answer.text).toContain('body.config.email_config.port must be defined');
  });

  test('changes made at the same time lose nothing', async () => {
    const id = await createProject();
    const flags = ['magic_link_enabled', 'passkey_enabled', 'client_team_creation_enabled', 'client_user_deletion_enabled'];
    const more = ['allow_user_api_keys', 'allow_team_api_keys', 'create_team_on_sign_up'];
    const change = (flag: string) =>
      legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(id), body: { config: { [flag]: true } } });
    const answers = await Promise.all([...flags, ...more].map(change));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    const after = await legacy.call('GET', '/internal/projects/current', { headers: asOwner(id) });
    expect(after.json['config']).toMatchObject(Object.fromEntries([...flags, ...more].map((flag) => [flag, true])));
  });

  test('settings are a branch’s own', async () => {
    const world = await plantWorld(legacy);
    await legacy.admin.query(`insert into "Tenancy" ("id", "projectId", "branchId") values ($1, $2, 'next')`, [
      randomUUID(),
      world.project.id,
    ]);
    const onNext = { headers: { 'x-stack-branch-id': 'next' } };
    expect((await signUpAt(world.project.id, 'next')).json['code']).toBe('PASSWORD_AUTHENTICATION_NOT_ENABLED');
    await world.must('admin', 'PATCH', '/internal/projects/current', { ...onNext, body: { config: { credential_enabled: true } } });
    expect((await signUpAt(world.project.id, 'next')).status).toBe(200);
    await world.must('admin', 'PATCH', '/internal/projects/current', { ...onNext, body: { config: { sign_up_enabled: false } } });
    expect((await signUpAt(world.project.id, 'next')).json['code']).toBe('SIGN_UP_NOT_ENABLED');
    expect((await signUpAt(world.project.id)).status).toBe(200);
  });
});

describe('DELETE /internal/projects/current', () => {
  test('leaves nothing of the project, and ends access to it at once', async () => {
    const world = await plantWorld(legacy);
    const user = await world.signUp();
    await world.createTeam(user);
    await world.must('client', 'POST', '/contact-channels/send-verification-code', {
      user,
      body: { email: user.email, callback_url: 'http://localhost:3000' },
    });
    await legacy.admin.query('insert into "EventBatch" ("tenancyId", "batchId") values ($1, $2)', [world.project.tenancyId, randomUUID()]);
    expect(await world.must('admin', 'DELETE', '/internal/projects/current')).toEqual({ success: true });
    expect((await leftOvers(world)).sort()).toEqual(logs);
    const { rows } = await legacy.admin.query(`select "type", "payload" from "DomainEvent" where "tenancyId" = $1`, [
      world.project.tenancyId,
    ]);
    expect(rows).toEqual([{ type: 'user.deleted', payload: { user_id: user.userId } }]);
    for (const access of ['client', 'server', 'admin'] as const) {
      expect((await world.call(access, 'GET', '/projects/current', { user })).json['code']).toBe('CURRENT_PROJECT_NOT_FOUND');
    }
  });

  test('goes on where it stopped, with more users than one step takes', async () => {
    const world = await plantWorld(legacy);
    await legacy.admin.query(
      `insert into "ProjectUser" ("tenancyId", "projectUserId", "updatedAt")
       select $1, gen_random_uuid(), now() from generate_series(1, 2345)`,
      [world.project.tenancyId],
    );
    await world.must('admin', 'DELETE', '/internal/projects/current');
    const { rows } = await legacy.admin.query('select count(*)::int as events from "DomainEvent" where "tenancyId" = $1', [
      world.project.tenancyId,
    ]);
    expect(rows).toEqual([{ events: 2345 }]);
  });

  test('whoever writes meanwhile is refused or deleted with it, never left behind', async () => {
    for (let round = 0; round < 5; round += 1) {
      const world = await plantWorld(legacy);
      const body = { config_override_string: '{"auth.otp.allowSignIn":false}' };
      const [deleted, ...changed] = await Promise.all([
        world.call('admin', 'DELETE', '/internal/projects/current'),
        ...[1, 2].map(() => world.call('admin', 'PATCH', '/internal/config/override/environment', { body })),
        ...[1, 2, 3].map(() => signUpAt(world.project.id)),
      ]);
      expect(deleted.status).toBe(200);
      for (const answer of changed) expect([undefined, 'CURRENT_PROJECT_NOT_FOUND']).toContain(answer.json['code']);
      for (const answer of changed) expect([200, 400]).toContain(answer.status);
      expect((await leftOvers(world)).filter((table) => !logs.includes(table))).toEqual([]);
    }
  });

  test('does not delete the project `internal`', async () => {
    const answer = await legacy.call('DELETE', '/internal/projects/current', { headers: as('admin') });
    expect(answer.status).toBe(400);
    expect((await legacy.call('GET', '/projects/current', { headers: as('client') })).status).toBe(200);
  });

  /** Tables that still have a row of the world's project. */
  async function leftOvers(world: World): Promise<string[]> {
    const { rows } = await legacy.admin.query<{ name: string; column: string }>(
      `select c.table_name as name, c.column_name as column from information_schema.columns c
       where c.table_schema = 'public' and c.column_name in ('tenancyId', 'projectId')`,
    );
    const counts = rows.map(
      ({ name, column }) =>
        `select '${name}' as name from "${name}" where "${column}"::text = '${column === 'tenancyId' ? world.project.tenancyId : world.project.id}'`,
    );
    return (await legacy.admin.query<{ name: string }>(`select distinct name from (${counts.join(' union all ')}) t`)).rows.map(
      (row) => row.name,
    );
  }
});

describe('POST /internal/api-keys', () => {
  test('shows the keys this once, and they work', async () => {
    const id = await createProject();
    const body = { ...keySet, has_super_secret_admin_key: true };
    const answer = await legacy.call('POST', '/internal/api-keys', { headers: asOwner(id), body });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ description: 'Keys', expires_at_millis: keySet.expires_at_millis });
    expect(answer.json['publishable_client_key']).toMatch(/^pck_[0-9a-z]{45}$/);
    expect(answer.json['super_secret_admin_key']).toMatch(/^sak_[0-9a-z]{45}$/);
    const headers = { ...as('server', { id, secretServerKey: String(answer.json['secret_server_key']) }) };
    expect((await legacy.call('GET', '/users', { headers })).status).toBe(200);
  });

  test('expired keys do not work', async () => {
    const id = await createProject();
    const made = await legacy.call('POST', '/internal/api-keys', { headers: asOwner(id), body: { ...keySet, expires_at_millis: 1 } });
    const headers = { ...as('server', { id, secretServerKey: String(made.json['secret_server_key']) }) };
    expect((await legacy.call('GET', '/users', { headers })).json['code']).toBe('INVALID_SECRET_SERVER_KEY');
  });
});

describe('GET /internal/api-keys', () => {
  test('shows four characters of each key, newest set first', async () => {
    const id = await createProject();
    const first = await newKeySet(id);
    const second = await newKeySet(id);
    const { items } = (await legacy.call('GET', '/internal/api-keys', { headers: asOwner(id) })).json as {
      items: Record<string, unknown>[];
    };
    expect(items.map((item) => item['id'])).toEqual([second['id'], first['id']]);
    expect(items[1]).toEqual({
      id: first['id'],
      description: 'Keys',
      created_at_millis: first['created_at_millis'],
      expires_at_millis: first['expires_at_millis'],
      publishable_client_key: { last_four: String(first['publishable_client_key']).slice(-4) },
      secret_server_key: { last_four: String(first['secret_server_key']).slice(-4) },
    });
  });
});

describe('GET /internal/api-keys/:api_key_id', () => {
  test('shows one set, and none of another project', async () => {
    const id = await createProject();
    const made = await newKeySet(id);
    const path = `/internal/api-keys/${String(made['id'])}`;
    expect((await legacy.call('GET', path, { headers: asOwner(id) })).json).toMatchObject({ id: made['id'] });
    const foreign = await legacy.call('GET', path, { headers: asOwner(await createProject()) });
    expect([foreign.status, foreign.json['code']]).toEqual([404, 'API_KEY_NOT_FOUND']);
  });
});

describe('PATCH /internal/api-keys/:api_key_id', () => {
  test('revokes at once and for good, and renames', async () => {
    const id = await createProject();
    const made = await newKeySet(id);
    const change = (body: object) => legacy.call('PATCH', `/internal/api-keys/${String(made['id'])}`, { headers: asOwner(id), body });
    const server = { headers: as('server', { id, secretServerKey: String(made['secret_server_key']) }) };
    expect((await change({ description: 'Renamed' })).json).toMatchObject({ description: 'Renamed' });
    expect((await legacy.call('GET', '/users', server)).status).toBe(200);
    const [revoked, again] = await Promise.all([change({ revoked: true }), change({ revoked: true })]);
    expect(revoked.json['manually_revoked_at_millis']).toEqual(expect.any(Number));
    expect(again.json).toEqual(revoked.json);
    expect((await legacy.call('GET', '/users', server)).json['code']).toBe('INVALID_SECRET_SERVER_KEY');
    expect((await change({ revoked: false })).json['code']).toBe('SCHEMA_ERROR');
  });

  test('keys of another project are not found', async () => {
    const made = await newKeySet(await createProject());
    const path = `/internal/api-keys/${String(made['id'])}`;
    const answer = await legacy.call('PATCH', path, { headers: asOwner(await createProject()), body: { revoked: true } });
    expect(answer.json['code']).toBe('API_KEY_NOT_FOUND');
  });
});

describe('GET /projects/current', () => {
  test('tells clients what is on, and no secret', async () => {
    const id = await createProject();
    const body = {
      config: {
        oauth_providers: [{ id: 'github', type: 'standard', client_id: 'the-id', client_secret: 'the-secret' }],
        domains: [{ domain: 'https://app.example.com', handler_path: '/handler' }],
        client_team_creation_enabled: true,
      },
    };
    await legacy.call('PATCH', '/internal/projects/current', { headers: asOwner(id), body });
    const answer = await legacy.call('GET', '/projects/current', { headers: asClient(id) });
    expect(answer.json['config']).toMatchObject({
      enabled_oauth_providers: [{ id: 'github' }],
      domains: body.config.domains,
      client_team_creation_enabled: true,
    });
    expect(answer.text).not.toMatch(/the-id|the-secret|email_config/);
  });
});

test('the development keys stay those of the project `internal`', async () => {
  const { items } = (await legacy.call('GET', '/internal/api-keys', { headers: as('admin') })).json as { items: Record<string, unknown>[] };
  expect(items).toMatchObject([{ super_secret_admin_key: { last_four: keys.superSecretAdminKey.slice(-4) } }]);
});

const keySet = {
  description: 'Keys',
  expires_at_millis: Date.now() + 1e9,
  has_publishable_client_key: true,
  has_secret_server_key: true,
  has_super_secret_admin_key: false,
};

async function newKeySet(projectId: string): Promise<Record<string, unknown>> {
  return (await legacy.call('POST', '/internal/api-keys', { headers: asOwner(projectId), body: keySet })).json;
}

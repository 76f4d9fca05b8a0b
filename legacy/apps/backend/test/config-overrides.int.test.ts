import { randomUUID } from 'node:crypto';
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

const path = (level: string) => `/internal/config/override/${level}`;
const stored = async (level: string, of: World = world) =>
  JSON.parse(String((await of.must('admin', 'GET', path(level)))['config_string']));
const set = (level: string, config: object, of: World = world, source?: object) =>
  of.call('admin', 'PUT', path(level), { body: { config_string: JSON.stringify(config), ...(source === undefined ? {} : { source }) } });
const change = (level: string, config: object, of: World = world) =>
  of.call('admin', 'PATCH', path(level), { body: { config_override_string: JSON.stringify(config) } });
const inForce = async (of: World = world) => JSON.parse(String((await of.must('admin', 'GET', '/internal/config'))['config_string']));
const serverMayNot = ['project', 'environment'];

describe('GET /internal/config', () => {
  test('is everything in force, defaults too', async () => {
    const own = await plantWorld(legacy);
    await set('branch', { 'teams.createPersonalTeamOnSignUp': true }, own);
    expect(await inForce(own)).toMatchObject({
      project: { requirePublishableClientKey: false },
      auth: { allowSignUp: true, signUpRulesDefaultAction: 'allow', oauth: { accountMergeStrategy: 'link_method' } },
      teams: { createPersonalTeamOnSignUp: true, allowClientTeamCreation: true },
      emails: { server: { isShared: true } },
    });
  });
});

describe('GET /internal/config/override/:level', () => {
  test('is what one layer says, as it was stored', async () => {
    const own = await plantWorld(legacy);
    expect(await stored('project', own)).toEqual({});
    expect(await stored('branch', own)).toEqual({});
    expect(await stored('environment', own)).toMatchObject({ 'auth.allowSignUp': true });
  });

  test('servers see the branch’s only', async () => {
    expect((await world.call('server', 'GET', path('branch'))).status).toBe(200);
    for (const level of serverMayNot) {
      const answer = await world.call('server', 'GET', path(level));
      expect(answer.json).toMatchObject({ code: 'INSUFFICIENT_ACCESS_TYPE', details: { allowed_access_types: ['admin'] } });
    }
  });

  test('another level is refused', async () => {
    const answer = await world.call('admin', 'GET', path('organization'));
    expect(answer.json['code']).toBe('SCHEMA_ERROR');
    expect(answer.text).toContain('params.level must be one of the following values: project, branch, environment');
  });
});

describe('PUT /internal/config/override/:level', () => {
  test('replaces the whole layer', async () => {
    await set('branch', { 'auth.otp.allowSignIn': true, 'auth.passkey.allowSignIn': true });
    expect((await set('branch', { teams: { allowClientTeamCreation: false } })).json).toEqual({ success: true });
    expect(await stored('branch')).toEqual({ teams: { allowClientTeamCreation: false } });
    await set('branch', {});
  });

  test.each([
    ['what the level does not have', 'project', { 'auth.allowSignUp': false }, 'is not valid'],
    ['a wrong value', 'environment', { 'auth.allowSignUp': 'no' }, 'must be a `boolean` type'],
    ['a name that every object has', 'environment', JSON.parse('{"__proto__":{}}'), 'is reserved'],
  ])('refuses %s, and nothing changes', async (_what, level, config, text) => {
    const before = await stored(level);
    const answer = await set(level, config);
    expect([answer.status, answer.headers.get('x-stack-known-error')]).toEqual([400, null]);
    expect(answer.text).toContain(text);
    expect(await stored(level)).toEqual(before);
  });

  test('refuses what is no JSON', async () => {
    const answer = await world.call('admin', 'PUT', path('branch'), { body: { config_string: '{' } });
    expect(answer.json['code']).toBe('SCHEMA_ERROR');
    expect(answer.text).toContain('body.config_string is not valid JSON');
  });

  test('servers replace the branch’s only', async () => {
    const body = { config_string: '{}' };
    expect((await world.call('server', 'PUT', path('branch'), { body })).status).toBe(200);
    for (const level of serverMayNot)
      expect((await world.call('server', 'PUT', path(level), { body })).json['code']).toBe('INSUFFICIENT_ACCESS_TYPE');
  });
});

describe('PATCH /internal/config/override/:level', () => {
  test('sets the given paths and keeps the others; a path replaces all below it', async () => {
    await set('branch', { 'auth.otp.allowSignIn': true, 'auth.passkey.allowSignIn': true });
    expect((await change('branch', { 'auth.otp': { allowSignIn: false } })).json).toEqual({ success: true });
    expect(await stored('branch')).toEqual({ 'auth.otp': { allowSignIn: false }, 'auth.passkey.allowSignIn': true });
    await set('branch', {});
  });

  test('the environment’s word is over the branch’s, and that over the project’s', async () => {
    const own = await plantWorld(legacy);
    await own.must('admin', 'PUT', path('environment'), { body: { config_string: '{}' } });
    await change('branch', { 'auth.passkey.allowSignIn': true, 'auth.otp.allowSignIn': true }, own);
    await change('environment', { 'auth.otp.allowSignIn': false }, own);
    await change('project', { 'project.requirePublishableClientKey': true }, own);
    expect(await inForce(own)).toMatchObject({
      project: { requirePublishableClientKey: true },
      auth: { otp: { allowSignIn: false }, passkey: { allowSignIn: true } },
    });
    expect((await own.must('client', 'GET', '/projects/current'))['config']).toMatchObject({
      magic_link_enabled: false,
      passkey_enabled: true,
    });
  });

  test('changes made at the same time lose nothing', async () => {
    const own = await plantWorld(legacy);
    for (const level of ['branch', 'environment']) {
      const ids = Array.from({ length: 12 }, (_, index) => `store-${index}`);
      const answers = await Promise.all(ids.map((id) => change(level, { [`dataVault.stores.${id}`]: { displayName: id } }, own)));
      expect(answers.map((answer) => answer.status)).toEqual(ids.map(() => 200));
      expect(Object.keys(await stored(level, own))).toEqual(expect.arrayContaining(ids.map((id) => `dataVault.stores.${id}`)));
    }
  });

  test('a branch’s settings are its own, and the project’s are all branches’', async () => {
    const own = await plantWorld(legacy);
    await legacy.admin.query(`insert into "Tenancy" ("id", "projectId", "branchId") values ($1, $2, 'next')`, [
      randomUUID(),
      own.project.id,
    ]);
    const onNext = { headers: { 'x-stack-branch-id': 'next' } };
    const body = { config_override_string: '{"auth.passkey.allowSignIn":false,"auth.otp.allowSignIn":true}' };
    await own.must('server', 'PATCH', path('branch'), { ...onNext, body });
    await change('project', { 'project.requirePublishableClientKey': true }, own);
    const configOn = async (options: object) => (await own.must('client', 'GET', '/projects/current', options))['config'];
    expect(await configOn({})).toMatchObject({ passkey_enabled: true, magic_link_enabled: true });
    expect(await configOn(onNext)).toMatchObject({ passkey_enabled: false, magic_link_enabled: true, credential_enabled: false });
    const keyless = { headers: { ...onNext.headers, 'x-stack-publishable-client-key': '' } };
    expect((await own.call('client', 'GET', '/projects/current', keyless)).json['code']).toBe(
      'PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT',
    );
    const unknown = await own.call('server', 'PATCH', path('branch'), { headers: { 'x-stack-branch-id': 'nowhere' }, body });
    expect(unknown.json['code']).toBe('BRANCH_DOES_NOT_EXIST');
  });

  test('half a theme is none', async () => {
    const own = await plantWorld(legacy);
    const id = randomUUID();
    expect((await change('environment', { [`emails.themes.${id}.displayName`]: 'Half' }, own)).status).toBe(200);
    expect((await own.must('admin', 'GET', '/internal/email-themes'))['themes']).toHaveLength(
      Object.keys((await inForce(own)).emails.themes).length,
    );
    expect((await inForce(own)).emails.themes[id]).toBeUndefined();
  });

  test('a layer cannot grow without end', async () => {
    const own = await plantWorld(legacy);
    const theme = (id: string) => ({ [`emails.themes.${id}`]: { displayName: 'Big', tsxSource: 'x'.repeat(600_000) } });
    expect((await change('branch', theme(randomUUID()), own)).status).toBe(200);
    const refused = await change('branch', theme(randomUUID()), own);
    expect([refused.status, refused.text]).toEqual([400, 'The settings have become too large.']);
  });
});

describe('POST /internal/config/override/:level/reset-keys', () => {
  test('forgets what a layer says of the keys and of all below them', async () => {
    await set('branch', {
      'auth.otp.allowSignIn': true,
      auth: { passkey: { allowSignIn: true } },
      teams: { allowClientTeamCreation: false },
    });
    const body = { keys: ['auth.otp', 'auth.passkey.allowSignIn'] };
    expect(await world.must('server', 'POST', `${path('branch')}/reset-keys`, { body })).toEqual({ success: true });
    expect(await stored('branch')).toEqual({ teams: { allowClientTeamCreation: false } });
    await set('branch', {});
  });

  test('is for admins at the other levels', async () => {
    for (const level of serverMayNot) {
      const answer = await world.call('server', 'POST', `${path(level)}/reset-keys`, { body: { keys: ['auth'] } });
      expect(answer.json['code']).toBe('INSUFFICIENT_ACCESS_TYPE');
    }
  });
});

const github = {
  type: 'pushed-from-github',
  owner: 'acme',
  repo: 'app',
  branch: 'main',
  commit_hash: 'abc',
  config_file_path: 'stack.config.ts',
};
const source = async (of: World) => (await of.must('admin', 'GET', '/internal/config/source'))['source'];

describe('GET /internal/config/source', () => {
  test('is where the branch’s settings were pushed from, until they are replaced by hand', async () => {
    const own = await plantWorld(legacy);
    expect(await source(own)).toEqual({ type: 'unlinked' });
    await set('branch', {}, own, github);
    expect(await source(own)).toEqual(github);
    await change('branch', { 'auth.otp.allowSignIn': true }, own);
    expect(await source(own)).toEqual(github);
    await set('environment', {}, own);
    expect(await source(own)).toEqual(github);
    await set('branch', {}, own);
    expect(await source(own)).toEqual({ type: 'unlinked' });
  });

  test('a source that nobody knows is refused', async () => {
    expect((await set('branch', {}, world, { type: 'found-on-the-street' })).json['code']).toBe('SCHEMA_ERROR');
  });
});

describe('DELETE /internal/config/source', () => {
  test('forgets the source and keeps the settings', async () => {
    const own = await plantWorld(legacy);
    await set('branch', { 'auth.otp.allowSignIn': true }, own, github);
    expect(await own.must('admin', 'DELETE', '/internal/config/source')).toEqual({ success: true });
    expect(await source(own)).toEqual({ type: 'unlinked' });
    expect(await stored('branch', own)).toEqual({ 'auth.otp.allowSignIn': true });
    expect(await own.must('admin', 'DELETE', '/internal/config/source')).toEqual({ success: true });
  });
});

import { projectsCrud } from '@stackframe/stack-shared/dist/interface/crud/projects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectSchema } from 'yup';
import type { ConfigInput } from '../src/projects/config-input.ts';
import { type Answer, freshEmail, type Legacy, openLegacy } from './legacy.ts';
import { type Person, plantWorld, type World } from './world.ts';

// Each setting, changed as owners change it, decides what its routes do: at once, and back again.

let legacy: Legacy;
let world: World;
let person: Person;
let teamId: string;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  person = await world.signUp();
  teamId = (await world.createTeam(person)).id;
});
afterAll(() => legacy.close());

const configure = (config: ConfigInput) => world.must('admin', 'PATCH', '/internal/projects/current', { body: { config } });
const trusted = 'https://app.example.com/handler';
const local = 'http://localhost:3000/handler';
const signUp = () => world.call('client', 'POST', '/auth/password/sign-up', { body: { email: freshEmail(), password: 'password1' } });
const sendCode = (callbackUrl: string) =>
  world.call('client', 'POST', '/auth/otp/send-sign-in-code', { body: { email: freshEmail(), callback_url: callbackUrl } });
const authorize = () => {
  const query = new URLSearchParams({
    client_id: world.project.id,
    client_secret: world.project.publishableClientKey,
    redirect_uri: local,
    scope: 'legacy',
    state: 'state',
    grant_type: 'authorization_code',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    response_type: 'code',
    stack_response_mode: 'json',
  });
  return world.call('none', 'GET', `/auth/oauth/authorize/github?${query}`);
};
const keyBody = { description: 'Key', expires_at_millis: null };

type Switch = { setting: keyof ConfigInput; on: ConfigInput; off: ConfigInput; call: () => Promise<Answer>; refusal: [number, string] };
const domain = { domain: 'https://app.example.com', handler_path: '/handler' };
const github = { id: 'github', type: 'shared' as const };

const switches: Switch[] = [
  {
    setting: 'sign_up_enabled',
    on: { sign_up_enabled: true },
    off: { sign_up_enabled: false },
    call: signUp,
    refusal: [400, 'SIGN_UP_NOT_ENABLED'],
  },
  {
    setting: 'credential_enabled',
    on: { credential_enabled: true },
    off: { credential_enabled: false },
    call: () => world.call('client', 'POST', '/auth/password/sign-in', { body: { email: person.email, password: 'password1' } }),
    refusal: [400, 'PASSWORD_AUTHENTICATION_NOT_ENABLED'],
  },
  {
    setting: 'magic_link_enabled',
    on: { magic_link_enabled: true },
    off: { magic_link_enabled: false },
    call: () => sendCode(local),
    refusal: [403, 'OTP sign-in is not enabled for this project'],
  },
  {
    setting: 'passkey_enabled',
    on: { passkey_enabled: true },
    off: { passkey_enabled: false },
    call: () => world.call('client', 'POST', '/auth/passkey/initiate-passkey-authentication', { body: {} }),
    refusal: [400, 'PASSKEY_AUTHENTICATION_NOT_ENABLED'],
  },
  {
    setting: 'oauth_providers',
    on: { oauth_providers: [github] },
    off: { oauth_providers: [] },
    call: authorize,
    refusal: [400, 'OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED'],
  },
  {
    setting: 'allow_localhost',
    on: { allow_localhost: true },
    off: { allow_localhost: false },
    call: () => sendCode(local),
    refusal: [400, 'REDIRECT_URL_NOT_WHITELISTED'],
  },
  {
    setting: 'domains',
    on: { domains: [domain] },
    off: { domains: [] },
    call: () => sendCode(trusted),
    refusal: [400, 'REDIRECT_URL_NOT_WHITELISTED'],
  },
  {
    setting: 'client_team_creation_enabled',
    on: { client_team_creation_enabled: true },
    off: { client_team_creation_enabled: false },
    call: () => world.call('client', 'POST', '/teams', { user: person, body: { display_name: 'Mine' } }),
    refusal: [403, 'Client team creation is disabled'],
  },
  {
    setting: 'client_user_deletion_enabled',
    on: { client_user_deletion_enabled: true },
    off: { client_user_deletion_enabled: false },
    call: async () => world.call('client', 'DELETE', '/users/me', { user: await world.signUp() }),
    refusal: [400, 'Client user deletion is not enabled'],
  },
  {
    setting: 'allow_user_api_keys',
    on: { allow_user_api_keys: true },
    off: { allow_user_api_keys: false },
    call: () => world.call('client', 'POST', '/user-api-keys', { user: person, body: { ...keyBody, user_id: 'me' } }),
    refusal: [400, 'API keys are not enabled'],
  },
  {
    setting: 'allow_team_api_keys',
    on: { allow_team_api_keys: true },
    off: { allow_team_api_keys: false },
    call: () => world.call('client', 'POST', '/team-api-keys', { user: person, body: { ...keyBody, team_id: teamId } }),
    refusal: [400, 'API keys are not enabled'],
  },
  {
    setting: 'require_email_verification',
    on: { require_email_verification: false },
    off: { require_email_verification: true },
    call: async () => {
      const { json } = await signUp();
      const headers = { 'x-stack-access-token': String(json['access_token']), 'x-stack-allow-anonymous-user': 'false' };
      return world.call('client', 'GET', '/users/me', { headers });
    },
    refusal: [403, 'RESTRICTED_USER_NOT_ALLOWED'],
  },
];

describe('a setting turned off', () => {
  test.each(switches)(
    '$setting: its route refuses, and serves again when it is on',
    async ({ on, off, call, refusal: [status, words] }) => {
      await configure(on);
      const served = await call();
      expect(served.status, served.text).toBeLessThan(300);
      await configure(off);
      const refused = await call();
      expect([refused.status, refused.text]).toEqual([status, expect.stringContaining(words)]);
      await configure(on);
      expect((await call()).status).toBeLessThan(300);
    },
  );

  test('client teams and keys are still made by servers, and users deleted by them', async () => {
    await configure({ client_team_creation_enabled: false, client_user_deletion_enabled: false });
    await world.must('server', 'POST', '/teams', { body: { display_name: 'By a server' } });
    await world.must('server', 'DELETE', `/users/${(await world.signUp()).userId}`);
    await configure({ client_team_creation_enabled: true, client_user_deletion_enabled: true });
  });
});

type Effect = { setting: keyof ConfigInput; config: ConfigInput; before: unknown; after: unknown; see: () => Promise<unknown> };
const idsOf = (answer: Answer['json']) => (answer['items'] as { id: string }[]).map((item) => item.id);

const effects: Effect[] = [
  {
    setting: 'create_team_on_sign_up',
    config: { create_team_on_sign_up: true },
    before: false,
    after: true,
    see: async () => {
      const { json } = await signUp();
      const headers = { 'x-stack-access-token': String(json['access_token']) };
      return (await world.must('client', 'GET', '/users/me', { headers }))['selected_team_id'] !== null;
    },
  },
  {
    setting: 'user_default_permissions',
    config: { user_default_permissions: [{ id: 'subscriber' }] },
    before: [],
    after: ['subscriber'],
    see: async () => {
      const { json } = await signUp();
      return idsOf(await world.must('server', 'GET', `/project-permissions?user_id=${String(json['user_id'])}`));
    },
  },
  {
    setting: 'team_creator_default_permissions',
    config: { team_creator_default_permissions: [{ id: 'writer' }] },
    before: ['team_admin'],
    after: ['writer'],
    see: async () => {
      const team = await world.createTeam(person);
      return idsOf(await world.must('server', 'GET', `/team-permissions?team_id=${team.id}&user_id=${person.userId}`));
    },
  },
  {
    setting: 'team_member_default_permissions',
    config: { team_member_default_permissions: [{ id: 'reader' }] },
    before: ['team_member'],
    after: ['reader'],
    see: async () => {
      const { userId } = await world.signUp();
      await world.must('server', 'POST', `/team-memberships/${teamId}/${userId}`, { body: {} });
      return idsOf(await world.must('server', 'GET', `/team-permissions?team_id=${teamId}&user_id=${userId}`));
    },
  },
];

describe('a setting with an effect', () => {
  test.each(effects)('$setting decides for everyone who comes after', async ({ config, before, after, see }) => {
    expect(await see()).toEqual(before);
    await configure(config);
    expect(await see()).toEqual(after);
  });
});

test('every setting that owners can change is tried here, or where its mails or accounts are', () => {
  const elsewhere = ['email_config', 'email_theme', 'oauth_account_merge_strategy'];
  const schema = projectsCrud.admin.updateSchema as unknown as ObjectSchema<object>;
  const known = Object.keys((schema.fields as unknown as { config: ObjectSchema<object> }).config.fields);
  const tried = [...switches, ...effects].map(({ setting }) => setting);
  expect([...tried, ...elsewhere].sort()).toEqual(known.sort());
});

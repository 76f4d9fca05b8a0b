import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unsubscribeKey } from '../src/emails/unsubscribe-code.ts';
import { assertNoDevelopmentKeys } from '../src/start.ts';
import { internalTenancyId, keys, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';

let legacy: Legacy;
let person: SignedUp;
beforeAll(async () => {
  legacy = await openLegacy();
  person = await signUp(legacy);
});
afterAll(() => legacy.close());

describe('whoever makes and sends mails', () => {
  const about = (path: string) => `/service/tenancies/${internalTenancyId}/${path}`;
  const source = async (body: object) => (await legacy.service('POST', about('mail-source'), body)).json;

  test('learns what a mail is made of, and is told the refusal that clients get', async () => {
    expect(await source({ html: '{{ x }}', theme_id: false })).toEqual({
      project: { display_name: 'Stack Dashboard' },
      source: "{{ '{{' | raw }} x }}",
      theme: null,
      variables: {},
      created_with: 'programmatic-call',
      template_id: null,
    });
    const template = await source({ template_id: 'e7d009ce-8d47-4528-b245-5bf119f2ffa3' });
    expect(template).toMatchObject({
      source: expect.stringContaining('Verify your email'),
      theme: { id: '1df07ae6-abf3-4a40-83a5-a1a2cbe336ac', source: expect.stringContaining('{{ body }}') },
      template_id: 'e7d009ce-8d47-4528-b245-5bf119f2ffa3',
    });
    expect(await source({ template_id: 'constructor' })).toEqual({ refusal: { status: 404, text: 'Template not found.' } });
    expect(await source({ html: 'x', theme_id: randomUUID() })).toEqual({ refusal: { status: 404, text: 'Theme not found.' } });
    const foreign = await legacy.service('POST', `/service/tenancies/${randomUUID()}/mail-source`, { html: 'x' });
    expect(foreign.json).toEqual({ refusal: { status: 404, text: 'Project not found.' } });
  });

  test('reads a draft, and notes that it was sent', async () => {
    const id = randomUUID();
    await legacy.admin.query(
      `insert into "EmailDraft" ("tenancyId", "id", "displayName", "themeMode", "source", "templateVariables") values ($1, $2, 'D', 'none', 'x', '{"a":1}')`,
      [internalTenancyId, id],
    );
    expect(await source({ draft_id: id })).toMatchObject({
      source: 'x',
      theme: null,
      variables: { a: 1 },
      created_with: 'draft',
      template_id: id,
    });
    expect((await legacy.service('POST', about(`draft-sent/${id}`), {})).json).toEqual({ done: true });
    const { rows } = await legacy.admin.query('select "sentAt" from "EmailDraft" where "id" = $1', [id]);
    expect(rows[0].sentAt).toBeInstanceOf(Date);
  });

  test('learns how mails leave, and nothing of a project there is not', async () => {
    expect((await legacy.service('GET', about('mail-settings'))).json).toEqual({
      settings: {
        sender: { name: 'Stack Dashboard', address: 'noreply@example.com' },
        server: null,
        unsubscribe_key: unsubscribeKey('a-secret-for-these-tests', internalTenancyId).toString('base64url'),
        capacity_boost_expires_at_millis: null,
      },
    });
    expect((await legacy.service('GET', `/service/tenancies/${randomUUID()}/mail-settings`)).json).toEqual({ settings: null });
    expect((await legacy.service('GET', '/service/tenancies/x/mail-settings')).status).toBe(404);
  });
});

describe('services', () => {
  test('need their token', async () => {
    for (const token of ['', 'wrong', 'service-token-of-the-testsX']) {
      expect((await legacy.service('GET', '/service/version', undefined, token)).status).toBe(401);
    }
    expect((await legacy.service('GET', '/service/version')).json).toEqual({ content: 'content-of-the-tests' });
    expect((await legacy.service('GET', '/service/nope')).status).toBe(404);
  });

  test('learn which keys are good', async () => {
    const answer = await legacy.service('POST', '/service/introspect', {
      project_id: 'internal',
      publishable_client_key: keys.publishableClientKey,
      secret_server_key: 'ssk_wrong',
    });
    expect(answer.json).toEqual({
      project: { id: 'internal', display_name: 'Stack Dashboard', require_publishable_client_key: false },
      branch_exists: true,
      tenancy_id: internalTenancyId,
      publishable_client_key_valid: true,
      secret_server_key_valid: false,
      super_secret_admin_key_valid: null,
      admin_user_is_owner: null,
    });
  });

  test('learn that a project or branch is not there', async () => {
    const none = await legacy.service('POST', '/service/introspect', {
      project_id: randomUUID(),
      secret_server_key: keys.secretServerKey,
      admin_user_id: person.userId,
    });
    expect(none.json).toMatchObject({
      project: null,
      branch_exists: false,
      tenancy_id: null,
      secret_server_key_valid: false,
      admin_user_is_owner: false,
    });
    const branch = await legacy.service('POST', '/service/introspect', { project_id: 'internal', branch_id: 'dev' });
    expect(branch.json).toMatchObject({ project: { id: 'internal' }, branch_exists: false, tenancy_id: null });
    expect((await legacy.service('POST', '/service/introspect', {})).status).toBe(400);
  });

  test('read a user with a position not older than what they read', async () => {
    const answer = await legacy.service('GET', `/service/tenancies/${internalTenancyId}/users/${person.userId}`);
    expect(answer.json['user']).toEqual({
      project_user_id: person.userId,
      display_name: null,
      is_anonymous: false,
      restricted_by_admin: false,
      signed_up_at_millis: expect.any(Number),
      contact_channels: [
        { id: expect.any(String), type: 'EMAIL', value: person.email, is_primary: true, is_verified: false, used_for_auth: true },
      ],
    });
    const { rows } = await legacy.admin.query('select $1::pg_lsn <= pg_current_wal_insert_lsn() as known', [answer.json['position']]);
    expect(rows[0].known).toBe(true);
    const missing = await legacy.service('GET', `/service/tenancies/${internalTenancyId}/users/${randomUUID()}`);
    expect(missing.json).toEqual({ user: null, position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) });
  });
});

test('a production server refuses a database with the development keys', async () => {
  await expect(assertNoDevelopmentKeys()).rejects.toThrow(/development keys/);
  await legacy.admin.query('delete from "ApiKeySet"');
  await expect(assertNoDevelopmentKeys()).resolves.toBeUndefined();
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertNoDevelopmentKeys } from '../src/start.ts';
import { internalTenancyId, keys, type Legacy, openLegacy, type SignedUp, signUp } from './legacy.ts';

let legacy: Legacy;
let person: SignedUp;
beforeAll(async () => {
  legacy = await openLegacy();
  person = await signUp(legacy);
});
afterAll(() => legacy.close());

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

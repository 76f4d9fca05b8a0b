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

const set = (key: string, value: string, store = 'notes') =>
  world.call('server', 'POST', `/data-vault/stores/${store}/set`, { body: { hashed_key: key, encrypted_value: value } });
const get = (key: string, store = 'notes') =>
  world.call('server', 'POST', `/data-vault/stores/${store}/get`, { body: { hashed_key: key } });

describe('POST /data-vault/stores/:id/set', () => {
  test('keeps the last value, sealed once more on disk', async () => {
    await set('k1', 'first');
    expect((await set('k1', 'second')).json).toEqual({ success: true });
    expect((await get('k1')).json).toEqual({ encrypted_value: 'second' });
    const { rows } = await legacy.admin.query(`select "encrypted"::text as text from "DataVaultEntry" where "hashedKey" = 'k1'`);
    expect(rows[0].text).not.toContain('second');
  });

  test('is refused for a store the project does not have, and for too long a value', async () => {
    expect((await set('k', 'v', 'nowhere')).json).toMatchObject({
      code: 'DATA_VAULT_STORE_DOES_NOT_EXIST',
      details: { store_id: 'nowhere' },
    });
    expect((await set('k', 'v', 'constructor')).json).toMatchObject({ code: 'DATA_VAULT_STORE_DOES_NOT_EXIST' });
    expect((await set('k', 'v'.repeat(500_001))).json).toMatchObject({ code: 'SCHEMA_ERROR' });
  });

  test('of many at once keeps one of the values', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => set('raced', `value ${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
    expect((await get('raced')).json['encrypted_value']).toMatch(/^value \d$/);
  });
});

describe('POST /data-vault/stores/:id/get', () => {
  test('says that a key is not there', async () => {
    expect((await get('absent')).json).toMatchObject({
      code: 'DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST',
      details: { store_id: 'notes', hashed_key: 'absent' },
    });
  });
});

import { expect, test } from 'vitest';
import { seal, unseal } from './vault.ts';

const place = { tenancyId: 't', storeId: 's', hashedKey: 'k' };
const secret = 'a-secret-for-these-tests';

test('a value comes back as it was, and is not to be seen in what is stored', () => {
  const sealed = seal('väl ue', place, secret);
  expect(unseal(sealed, place, secret)).toBe('väl ue');
  expect(JSON.stringify(sealed)).not.toContain(Buffer.from('väl ue').toString('base64'));
  expect(seal('väl ue', place, secret)).not.toEqual(sealed);
});

test.each([
  ['moved to another key', { ...place, hashedKey: 'other' }, secret],
  ['moved to another tenant', { ...place, tenancyId: 'other' }, secret],
  ['read with another secret', place, 'another-secret-of-tests'],
])('a value %s cannot be opened', (_name, where, key) => {
  expect(() => unseal(seal('value', place, secret), where, key)).toThrow();
});

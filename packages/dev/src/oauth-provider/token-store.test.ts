import { expect, test } from 'vitest';
import { TokenStore } from './token-store.ts';

test('the oldest entries go first, and what was written again stays', async () => {
  const store = new TokenStore({ entriesMax: 2 });
  const codes = store.adapter('AuthorizationCode');
  for (const id of ['a', 'b', 'a', 'c']) await codes.upsert(id, { uid: id }, 60);
  expect([await codes.find('a'), await codes.find('b'), await codes.find('c')]).toEqual([{ uid: 'a' }, undefined, { uid: 'c' }]);
});

test('an entry ends when its time is over', async () => {
  let now = 0;
  const tokens = new TokenStore({ entriesMax: 9, clock: () => now }).adapter('AccessToken');
  await tokens.upsert('a', { uid: 'u' }, 5);
  expect(await tokens.findByUid('u')).toEqual({ uid: 'u' });
  now = 5_000;
  expect([await tokens.find('a'), await tokens.findByUid('u')]).toEqual([undefined, undefined]);
});

test('a grant and an account are revoked with all that hangs on them, in every model', async () => {
  const store = new TokenStore({ entriesMax: 9 });
  await store.adapter('RefreshToken').upsert('r1', { grantId: 'g1', accountId: 'ada' }, 60);
  await store.adapter('AccessToken').upsert('a1', { grantId: 'g1', accountId: 'ada' }, 60);
  await store.adapter('RefreshToken').upsert('r2', { grantId: 'g2', accountId: 'bob' }, 60);
  await store.adapter('AccessToken').revokeByGrantId('g1');
  expect(store.size).toBe(1);
  expect([store.revokeAccount('ada'), store.revokeAccount('bob')]).toEqual([0, 1]);
});

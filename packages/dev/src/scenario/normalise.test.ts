import { expect, test } from 'vitest';
import { Normaliser, plain } from './normalise.ts';

const ann = 'e010887f-4aed-4563-9504-868386db655d';
const session = 'ca258e0c-7f5b-4fc1-b5c4-81702724de8f';
const token = (payload: object) => `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`;

test('ids become the order of their first appearance, the same id the same name', () => {
  const normaliser = new Normaliser([]);
  expect(normaliser.value({ b: session, a: ann })).toEqual({ a: '<id 1>', b: '<id 2>' });
  expect(normaliser.text(`/users/${ann}`)).toBe('/users/<id 1>');
});

test('times, secrets and the words of the run are replaced', () => {
  const normaliser = new Normaliser([['run7', '<run>']]);
  const value = {
    signed_up_at_millis: 5,
    at: '2026-01-02T03:04:05.678Z',
    refresh_token: 'vkd9vmqr5zxtmv4355pyn12r3aev8cqb963tzz2tjhhdg',
    email: 'a-run7@b.co',
  };
  expect(normaliser.value(value)).toEqual({
    signed_up_at_millis: '<time>',
    at: '<time>',
    refresh_token: '<secret>',
    email: 'a-<run>@b.co',
  });
});

test('the claims of a token are compared, its times are not', () => {
  const one = new Normaliser([]).text(token({ sub: ann, iat: 1, exp: 2, role: 'authenticated' }));
  const later = new Normaliser([]).text(token({ exp: 9, iat: 8, role: 'authenticated', sub: session }));
  const other = new Normaliser([]).text(token({ sub: ann, iat: 1, exp: 2, role: 'admin' }));
  expect(one).toBe(later);
  expect(one).not.toBe(other);
});

test('what is the same everywhere stays: categories, counts, missing values', () => {
  const value = { id: '4f6f8873-3d04-46bd-8bef-18338b1a1b4c', count: 3, name: null, expired_at_millis: null };
  expect(new Normaliser([]).value(value)).toEqual(value);
});

test('what is drawn anew without a pattern is known by its name: API keys, mail codes, a provider’s tokens', () => {
  const key = `sk_${'a'.repeat(45)}${'0'.repeat(32)}user1574ck4u7h0badcafe`;
  const value = { value: key, last_four: 'z9z9', access_token: 'opaque', location: 'http://x/?state=abc&code=def' };
  expect(new Normaliser([]).value(value)).toEqual({
    value: '<api key>',
    last_four: '<secret>',
    access_token: '<secret>',
    location: 'http://x/?state=<secret>&code=<secret>',
  });
});

test('of what an SDK gives, its data is kept', () => {
  const at = new Date(0);
  const user = { id: 'u', _session: {}, app: {}, at, update() {}, list: [{ a: 1 }] };
  expect(plain(user)).toEqual({ id: 'u', at, update: undefined, list: [{ a: 1 }] });
  expect(plain(new TypeError('no'))).toEqual({ error: 'TypeError', message: 'no' });
});

import { expect, test } from 'vitest';
import { flag, integer, oneOf, optional, port, readSettings, text, url } from './config.ts';

const spec = {
  port: port('PORT', 8102),
  name: text('NAME'),
  owner: url('OWNER_URL'),
  on: flag('ON', false),
  size: integer('SIZE', 5, { min: 1, max: 9 }),
};

test('settings are parsed into their types, with defaults', () => {
  expect(readSettings({ NAME: 'a', OWNER_URL: 'http://127.0.0.1:1/', ON: 'true' }, spec)).toEqual({
    port: 8102,
    name: 'a',
    owner: 'http://127.0.0.1:1',
    on: true,
    size: 5,
  });
});

test('every mistake is told at once, by the name of its variable', () => {
  const read = () => readSettings({ PORT: '70000', OWNER_URL: 'nowhere', ON: 'perhaps', SIZE: '10' }, spec);
  expect(read).toThrow(/PORT[\s\S]*NAME is missing[\s\S]*OWNER_URL[\s\S]*ON must be[\s\S]*SIZE/);
});

test('a word outside the list is refused, an empty optional one is absent', () => {
  expect(() => readSettings({ KIND: 'c' }, { kind: oneOf('KIND', ['a', 'b']) })).toThrow(/one of a, b/);
  expect(readSettings({ TOKEN: '' }, { token: optional('TOKEN') })).toEqual({ token: undefined });
});

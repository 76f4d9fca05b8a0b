import { expect, test } from 'vitest';
import { parseCompatArguments } from './arguments.ts';

test('without words a table is printed, of a stack that is started when none runs', () => {
  expect(parseCompatArguments([])).toEqual({ isJson: false, isAttached: false });
  expect(parseCompatArguments(['--attach', '--json'])).toEqual({ isJson: true, isAttached: true });
});

test('an unknown word is a mistake', () => {
  expect(parseCompatArguments(['--fast'])).toHaveProperty('mistake');
});

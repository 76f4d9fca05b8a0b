import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalTarget } from './canonical-path.ts';

test('what is accepted is canonical already: the second time changes nothing', () => {
  const piece = fc.constantFrom(
    '/',
    'a',
    'Z',
    '9',
    '.',
    '..',
    '-',
    '~',
    '%41',
    '%7e',
    '%2f',
    '%2F',
    '%5c',
    '%00',
    '%20',
    '%c3%a9',
    '%',
    '?',
    '&',
    '=',
    ';',
    ':',
    '\\',
    ' ',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = canonicalTarget(`/${pieces.join('')}`);
      if ('mistake' in once) return;
      expect(canonicalTarget(once.path + once.search)).toEqual(once);
    }),
    { numRuns: 5_000 },
  );
});

test('what is accepted is read by the URL parser of upstreams as the same path', () => {
  const piece = fc.constantFrom('/', 'a', '.', '..', '%2e', '%2E%2e', '%41', '\\', '%5c', ';', ',', '@', ':');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const target = canonicalTarget(`/${pieces.join('')}`);
      if ('mistake' in target) return;
      expect(new URL(target.path, 'http://upstream').pathname).toBe(target.path);
    }),
    { numRuns: 5_000 },
  );
});

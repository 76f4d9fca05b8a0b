import { describe, expect, test } from 'vitest';
import { epochOf, parseLsn, positionOf } from './headers.ts';

const epoch = (value?: string) => epochOf((name) => (name === 'x-gw-epoch' ? value : undefined));
const position = (value?: string) => positionOf((name) => (name === 'x-gw-position' ? value : undefined));

describe('the epoch of a write', () => {
  test('is that of this slice, or absent on direct calls', () => {
    expect([epoch(), epoch('notifications=7'), epoch('orgs-teams=3, notifications=12')]).toEqual([undefined, 7n, 12n]);
  });

  test.each([
    '',
    'notifications',
    'notifications=',
    'notifications=-1',
    'notifications=1.5',
    'notifications=x',
    'orgs-teams=3',
    'notifications=1; drop',
  ])('is not guessed from "%s"', (value) => {
    expect(() => epoch(value)).toThrow('x-gw-epoch must name the epoch of notifications');
  });
});

describe('the position of a read', () => {
  test('counts when it is of the flow that fills the projections', () => {
    expect(position('f.notifications@2:16/B374D848')).toEqual({ incarnation: 2, lsn: 0x16b374d848n });
    expect(position('r.notifications@1:0/1, f.notifications@1:0/2')).toEqual({ incarnation: 1, lsn: 2n });
  });

  test.each([undefined, '', 'r.notifications@1:0/1', 'f.notifications@1', 'f.notifications@x:0/1', 'f.notifications@1:0/ZZ'])(
    'is absent in %s',
    (value) => {
      expect(position(value)).toBeUndefined();
    },
  );
});

test('positions compare as PostgreSQL compares them, not as text', () => {
  expect(parseLsn('1/0') > parseLsn('0/FFFFFFFF')).toBe(true);
  expect(parseLsn('0/10') > parseLsn('0/9')).toBe(true);
});

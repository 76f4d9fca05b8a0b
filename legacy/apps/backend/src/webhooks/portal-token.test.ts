import { expect, test } from 'vitest';
import { portalToken, projectOfToken } from './portal-token.ts';

const now = new Date('2026-11-24T12:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
const secret = 'a-secret-for-these-tests';
const token = portalToken('internal', secret, now);

test('a token opens its own project, for a week', () => {
  expect(projectOfToken(token, secret, later(6))).toBe('internal');
  expect(projectOfToken(token, secret, later(8))).toBeNull();
});

test.each([
  ['another project', token.replace('internal', 'other')],
  ['a longer life', token.replace(/\.(\d+)\./, (_match, expiry) => `.${Number(expiry) + 1}.`)],
  ['no signature', token.replace(/\.[^.]*$/, '.')],
  ['nothing', ''],
])('a token changed to %s opens none', (_name, changed) => {
  expect(projectOfToken(changed, secret, now)).toBeNull();
});

test('a token of another secret opens none', () => {
  expect(projectOfToken(token, 'another-secret-of-tests', now)).toBeNull();
});

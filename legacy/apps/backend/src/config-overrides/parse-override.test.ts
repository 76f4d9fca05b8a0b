import { describe, expect, test } from 'vitest';
import type { Level } from './change-override.ts';
import { parseOverride } from './parse-override.ts';

describe('an override is refused', () => {
  test.each<[Level, string, unknown]>([
    ['environment', 'a setting that does not exist', { 'auth.nothing': true }],
    ['environment', 'a value of the wrong type', { 'auth.allowSignUp': 'yes' }],
    ['environment', 'a list', ['auth']],
    ['environment', 'no object', 'auth'],
    ['environment', 'null', null],
    ['environment', 'a path below the top', { auth: { 'otp.allowSignIn': true } }],
    ['environment', 'a trusted domain that is no URL', { 'domains.trustedDomains.a': { baseUrl: 1 } }],
    ['environment', 'what is the project’s to say', { 'project.requirePublishableClientKey': true }],
    ['branch', 'a secret, which is the environment’s', { 'auth.oauth.providers.github': { clientSecret: 'x' } }],
    ['branch', 'a domain, which is the environment’s', { 'domains.allowLocalhost': true }],
    ['project', 'what is the branch’s to say', { 'auth.allowSignUp': false }],
  ])('at the level of the %s: %s', async (level, _what, value) => {
    await expect(parseOverride(level, JSON.stringify(value))).rejects.toMatchObject({ statusCode: 400 });
  });

  test.each([
    '{"__proto__": {"polluted": true}}',
    '{"toString": 1}',
    '{"rbac.permissions.__proto__": {"description": "x"}}',
    '{"rbac": {"permissions": {"constructor": {"description": "x"}}}}',
  ])('because every object has its name: %s', async (text) => {
    await expect(parseOverride('environment', text)).rejects.toMatchObject({ statusCode: 400 });
  });
});

test.each<[Level, object]>([
  ['project', { 'project.requirePublishableClientKey': true }],
  ['branch', { 'auth.allowSignUp': false, teams: { allowClientTeamCreation: true } }],
  ['environment', { 'domains.allowLocalhost': null, 'emails.server': { isShared: false, host: 'a.example', port: 25 } }],
])('an override at the level of the %s is read', async (level, value) => {
  expect(await parseOverride(level, JSON.stringify(value))).toEqual(value);
});

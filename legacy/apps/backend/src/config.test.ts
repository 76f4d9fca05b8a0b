import { describe, expect, test } from 'vitest';
import { readConfig, readDurationSeconds } from './config.ts';

const complete = {
  LEGACY_DATABASE_URL: 'postgres://x',
  STACK_PUBLIC_API_URL: 'http://localhost:8102/',
  STACK_SERVER_SECRET: 'sixteen-characters-or-more',
  LEGACY_SERVICE_TOKEN: 't',
};

describe('settings', () => {
  test('are read with their defaults', () => {
    expect(readConfig(complete)).toMatchObject({
      environment: 'production',
      publicApiUrl: 'http://localhost:8102',
      accessTokenSeconds: 600,
      unknownEmailDelayMillis: 2000,
      fixedPasskeyChallenge: undefined,
    });
  });
  test('that are wrong are all told at once', () => {
    expect(() => readConfig({ STACK_SERVER_SECRET: 'short', STACK_ACCESS_TOKEN_EXPIRATION_TIME: 'soon' })).toThrow(
      /LEGACY_DATABASE_URL is not set.*STACK_PUBLIC_API_URL is not set.*LEGACY_SERVICE_TOKEN is not set.*EXPIRATION_TIME must be.*16 characters/,
    );
  });
  test('name the keys that projects share at a provider', () => {
    const { oauth } = readConfig({ ...complete, STACK_GITHUB_CLIENT_ID: 'id', STACK_GITHUB_CLIENT_SECRET: 'secret' });
    expect(oauth).toEqual({ mockUrl: undefined, sharedKeys: { github: { clientId: 'id', clientSecret: 'secret' } } });
  });
  test.each([
    ['the stand-in in production', { STACK_OAUTH_MOCK_URL: 'http://localhost:8114' }, /STACK_OAUTH_MOCK_URL is for development only/],
    ['MOCK without the stand-in', { STACK_GOOGLE_CLIENT_ID: 'MOCK' }, /STACK_GOOGLE_CLIENT_ID is MOCK, but/],
    [
      'a fixed passkey challenge in production',
      { STACK_PASSKEY_FIXED_CHALLENGE: 'MOCK' },
      /STACK_PASSKEY_FIXED_CHALLENGE is for development only/,
    ],
    ['a wait that is no number', { STACK_UNKNOWN_EMAIL_DELAY_MILLIS: 'long' }, /STACK_UNKNOWN_EMAIL_DELAY_MILLIS must be a number/],
    ['a client without its secret', { STACK_GOOGLE_CLIENT_ID: 'id' }, /STACK_GOOGLE_CLIENT_SECRET is not set/],
  ])('refuse %s', (_name, env, told) => {
    expect(() => readConfig({ ...complete, ...env })).toThrow(told);
  });
  test.each([
    ['10min', 600],
    ['90s', 90],
    ['1h', 3600],
    ['45', 45],
    ['1d', 86_400],
    ['soon', null],
    ['-1s', null],
  ])('a time of %s is %s', (text, seconds) => {
    expect(readDurationSeconds(text)).toBe(seconds);
  });
});

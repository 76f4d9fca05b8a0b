import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const complete = {
  LEGACY_DATABASE_URL: 'postgres://x',
  SMTP_URL: 'smtp://127.0.0.1:25',
  LEGACY_WORKER_PORT: '0',
  STACK_PUBLIC_API_URL: 'http://localhost:8102/',
  STACK_SERVER_SECRET: 'a-secret-of-the-test',
};

test('the worker’s settings are read, and all mistakes told at once', () => {
  expect(readSettings(complete)).toMatchObject({
    port: 0,
    publicUrl: 'http://localhost:8102',
    environment: 'production',
  });
  expect(() => readSettings({ SMTP_URL: 'http://x', LEGACY_WORKER_PORT: 'x' })).toThrow(
    /LEGACY_DATABASE_URL is not set.*must be a port.*SMTP_URL must be/,
  );
});

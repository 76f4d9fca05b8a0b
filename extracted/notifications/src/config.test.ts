import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

const complete = {
  NOTIFICATIONS_DATABASE_URL: 'postgres://x',
  NOTIFICATIONS_KEY_OWNER_URL: 'http://127.0.0.1:8103/',
  NOTIFICATIONS_SERVICE_TOKEN: 't',
  ATLAS_PUBLIC_URL: 'http://localhost:8102',
  SMTP_URL: 'smtp://127.0.0.1:8106',
};

test('a complete configuration has the worker on', () => {
  expect(readConfig(complete)).toMatchObject({ keyOwnerUrl: 'http://127.0.0.1:8103', isWorkerOn: true, port: 8104 });
});

test('every mistake is told at once', () => {
  expect(() => readConfig({ NOTIFICATIONS_PORT: 'x', NOTIFICATIONS_WORKER: 'maybe' })).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      facts: expect.objectContaining({ mistakes: expect.objectContaining({ length: 7 }) }),
    }),
  );
});

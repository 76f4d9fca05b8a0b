import { expect, test } from 'vitest';
import { notificationsPlan } from '../../test/support/plan.ts';
import { compileTable } from './route-table.ts';

const upstreams = new Set(['notifications']);

function mistakesOf(plan: Parameters<typeof compileTable>[0]): string {
  try {
    compileTable(plan, 1n, upstreams);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

test('a good plan has no mistakes', () => {
  expect(mistakesOf(notificationsPlan())).toBe('none');
});

test('all mistakes of a plan are told at once', () => {
  const plan = notificationsPlan({
    upstream: 'nowhere',
    routes: [
      { method: 'GET', path: '/emails/outbox/:id', effect: 'read' },
      { method: 'GET', path: '/emails/outbox/:other', effect: 'write' },
      { method: 'GET', path: 'emails', effect: 'read' },
    ],
    canary: { steps: [5, 250], stepSeconds: 1 },
  });
  const message = mistakesOf({ ...plan, unsliced: [{ method: 'GET', path: '/emails/outbox/:id', effect: 'read' }] });
  expect(message).toContain('upstream "nowhere" is not known');
  expect(message).toContain('GET /emails/outbox/:other is ambiguous with GET /emails/outbox/:id of notifications');
  expect(message).toContain('unsliced: GET /emails/outbox/:id is ambiguous');
  expect(message).toContain('GET emails is not a path');
  expect(message).toContain('a canary step is above 0');
});

test.each([
  ['GET', '/api/v1/emails/outbox', 'slice read'],
  ['GET', '/api/v1/emails/outbox/abc', 'slice read'],
  ['PATCH', '/api/latest/emails/outbox/abc', 'slice write'],
  ['GET', '/api/v1/users/me', 'unsliced read'],
  ['PATCH', '/api/v1/users/me', 'unsliced write'],
  ['GET', '/api/v1/users/other', 'unsliced write'],
  ['GET', '/api/v1/emails/outboxes', 'unsliced write'],
  ['GET', '/api/v1/emails/outbox/a/b', 'unsliced write'],
  ['GET', '/api/v1x/emails/outbox', 'unsliced write'],
  ['GET', '/api/v1/Emails/outbox', 'unsliced write'],
  ['OPTIONS', '/api/v1/emails/outbox', 'unsliced read'],
  ['GET', '/health', 'unsliced read'],
  ['GET', '/apis', 'unknown'],
  ['GET', '/healthz', 'unknown'],
])('%s %s is %s', (method, path, meaning) => {
  const route = compileTable(notificationsPlan(), 1n, upstreams).find(method, path);
  expect(route.kind === 'unknown' ? 'unknown' : `${route.kind} ${route.effect}`).toBe(meaning);
});

test('HEAD goes where its GET goes, and does what that GET does', () => {
  const routes = [
    { method: 'GET', path: '/emails/outbox', effect: 'read' as const },
    { method: 'GET', path: '/emails/unsubscribe-link', effect: 'write' as const },
  ];
  const table = compileTable(notificationsPlan({ routes }), 1n, upstreams);
  for (const method of ['GET', 'HEAD']) {
    expect(table.find(method, '/api/v1/emails/outbox')).toMatchObject({ kind: 'slice', effect: 'read' });
    expect(table.find(method, '/api/v1/emails/unsubscribe-link')).toMatchObject({ kind: 'slice', effect: 'write' });
  }
});

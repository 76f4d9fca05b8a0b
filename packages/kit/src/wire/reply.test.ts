import { expect, test } from 'vitest';
import { createRequestId, stackHeaderOf } from './headers.ts';
import { knownErrors, StatusError } from './known-errors.ts';
import { dress, json, replyOf } from './reply.ts';

const plain = { requestId: '0123456789abcdef', overridesErrorStatus: false };
const disguised = { ...plain, overridesErrorStatus: true };

function refusal(error: unknown) {
  const reply = replyOf(error);
  if (reply === undefined || reply.kind === 'empty') throw new Error('no reply');
  return reply;
}

test('a result is compact JSON that nobody may cache', () => {
  expect(dress(json({ a: 1 }) as Parameters<typeof dress>[0], disguised)).toEqual({
    status: 200,
    headers: {
      'cache-control': 'no-store, max-age=0',
      'content-type': 'application/json; charset=utf-8',
      'x-stack-request-id': '0123456789abcdef',
    },
    body: '{"a":1}',
  });
});

test('a known error is JSON for people, named in a header', () => {
  const { status, headers, body } = dress(refusal(knownErrors.userIdDoesNotExist('u')), plain);
  expect(status).toBe(400);
  expect(headers).toMatchObject({ 'x-stack-known-error': 'USER_ID_DOES_NOT_EXIST', 'content-type': 'application/json; charset=utf-8' });
  expect(body).toBe(
    '{\n  "code": "USER_ID_DOES_NOT_EXIST",\n  "details": {\n    "user_id": "u"\n  },\n  "error": "The given user with the ID u does not exist."\n}',
  );
});

test('any other refusal is its text', () => {
  const { headers, body } = dress(refusal(new StatusError(404, 'Email not found.')), plain);
  expect([body, headers['content-type'], headers['x-stack-known-error']]).toEqual([
    'Email not found.',
    'text/plain; charset=utf-8',
    undefined,
  ]);
});

test('a refusal is dressed as 200 for those who ask, a failure never', () => {
  expect(dress(refusal(knownErrors.userNotFound()), disguised)).toMatchObject({ status: 200, headers: { 'x-stack-actual-status': '404' } });
  expect(dress({ kind: 'text', status: 503, text: 'x' }, disguised).status).toBe(503);
  expect(dress(refusal(knownErrors.userNotFound()), plain).headers['x-stack-actual-status']).toBeUndefined();
});

test('what the wire does not know is not answered here', () => {
  expect(replyOf(new Error('x'))).toBeUndefined();
});

test('request ids have 16 characters and do not repeat', () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => createRequestId()));
  expect(ids.size).toBe(1_000);
  expect([...ids].every((id) => /^[0-9a-hjkmnp-tv-z]{16}$/.test(id))).toBe(true);
});

test('both header families are read; the older wins, empty counts as absent', () => {
  const header = stackHeaderOf({
    'x-stack-project-id': 'old',
    'x-hexclave-project-id': 'new',
    'x-stack-access-type': '',
    'x-hexclave-access-type': 'server',
  });
  expect([header('project-id'), header('access-type'), header('branch-id')]).toEqual(['old', 'server', undefined]);
});

import { describe, expect, test } from 'vitest';
import { json, redirect, text } from './reply.ts';
import { respond } from './respond.ts';

const plain = { overrideErrorStatus: false };

describe('a response', () => {
  test('has CORS, no caching and a request id of 16 characters', async () => {
    const response = respond(json(200, { a: 1 }), plain);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('no-store, max-age=0');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-stack-request-id')).toMatch(/^[0-9a-hj-km-np-tv-z]{16}$/);
    expect(await response.text()).toBe('{"a":1}');
  });

  test('allows both header families and varies by them', () => {
    const { headers } = respond(json(200, {}), plain);
    const allowed = headers.get('access-control-allow-headers')?.split(', ') ?? [];
    const stack = allowed.filter((name) => name.startsWith('x-stack-'));
    expect(stack).toHaveLength(14);
    for (const name of stack) expect(allowed).toContain(name.replace('x-stack-', 'x-hexclave-'));
    expect(headers.get('vary')).toBe(headers.get('access-control-allow-headers'));
  });

  test('that leads elsewhere has no body, and is never cached', async () => {
    const response = respond(redirect(303, 'https://a.example/b?c=d', { 'set-cookie': 'e=f; Path=/' }), { overrideErrorStatus: true });
    expect([response.status, await response.text()]).toEqual([303, '']);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: 'https://a.example/b?c=d',
      'set-cookie': 'e=f; Path=/',
      'cache-control': 'no-store, max-age=0',
      'access-control-allow-origin': '*',
    });
    expect(response.headers.has('content-type')).toBe(false);
  });

  test('prints refusals for people', async () => {
    expect(await respond(json(400, { code: 'X' }), plain).text()).toBe('{\n  "code": "X"\n}');
  });

  test.each([
    ['a refusal', 404, 200, '404'],
    ['a result', 201, 201, null],
    ['a failure', 503, 503, null],
  ])('dresses %s as 200 only when asked and only from 400 to 499', (_name, status, shown, actual) => {
    const response = respond(text(status, 'x'), { overrideErrorStatus: true });
    expect([response.status, response.headers.get('x-stack-actual-status')]).toEqual([shown, actual]);
    expect(respond(text(status, 'x'), plain).status).toBe(status);
  });
});

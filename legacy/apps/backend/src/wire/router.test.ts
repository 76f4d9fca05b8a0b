import { describe, expect, test } from 'vitest';
import { endpoints } from '../routes.ts';
import { clientOrHigher, type Endpoint, type Method } from './endpoint.ts';
import { json } from './reply.ts';
import { createRouter, forMethod } from './router.ts';

const fake = (method: Method, path: string, access: Endpoint['access'] = clientOrHigher): Endpoint => ({
  method,
  path,
  access,
  run: async () => json(200, {}),
});

describe('a path is found', () => {
  const find = createRouter([fake('GET', '/users/me'), fake('GET', '/users/:user_id'), fake('DELETE', '/a/:x/b/:y'), fake('GET', '/')]);
  test.each([
    ['users/me', '/users/me', {}],
    ['users/7', '/users/:user_id', { user_id: '7' }],
    ['a/1/b/2', '/a/:x/b/:y', { x: '1', y: '2' }],
    ['', '/', {}],
  ])('%s', (path, expected, params) => {
    const match = find(path.split('/').filter((segment) => segment !== ''));
    expect(match?.endpoints.map((endpoint) => endpoint.path)).toEqual([expected]);
    expect(match?.params).toEqual(params);
  });

  test.each(['nope', 'users', 'users/me/more', 'a/1/b'])('or not: %s', (path) => {
    expect(find(path.split('/'))).toBeNull();
  });

  test('HEAD is GET, another method is none', () => {
    const match = find(['users', 'me']);
    expect(match !== null && forMethod(match, 'HEAD')).toHaveLength(1);
    expect(match !== null && forMethod(match, 'PUT')).toHaveLength(0);
  });
});

test('no endpoint is hidden by another for the same access type', () => {
  const seen = new Set<string>();
  for (const endpoint of endpoints) {
    for (const access of endpoint.access === 'anyone' ? ['anyone'] : endpoint.access) {
      const key = `${access} ${endpoint.method} ${endpoint.path.replace(/:\w+/g, ':')}`;
      expect(seen.has(key), key).toBe(false);
      seen.add(key);
    }
  }
});

import { describe, expect, test } from 'vitest';
import { assertRedirectUrlAllowed, isOAuthRedirectAllowed, isRedirectUrlAllowed } from './redirect-urls.ts';

const domains = (allowLocalhost: boolean, ...baseUrls: string[]) => ({
  allowLocalhost,
  trustedDomains: Object.fromEntries(baseUrls.map((baseUrl, index) => [String(index), { baseUrl, handlerPath: '/handler' }])),
});

describe('a mail may lead to', () => {
  const cases: [url: string, settings: ReturnType<typeof domains>, allowed: boolean][] = [
    ['http://localhost:3000/a', domains(true), true],
    ['http://app.localhost/a', domains(true), true],
    ['http://127.0.0.9:1/a', domains(true), true],
    ['http://localhost:3000/a', domains(false), false],
    ['http://localhost.evil.example/', domains(true), false],
    ['http://notlocalhost/', domains(true), false],
    ['https://app.example.com/any/path?x=1', domains(false, 'https://app.example.com'), true],
    ['https://app.example.com:443/', domains(false, 'https://app.example.com'), true],
    ['https://app.example.com:444/', domains(false, 'https://app.example.com'), false],
    ['http://app.example.com/', domains(false, 'https://app.example.com'), false],
    ['https://app.example.com.evil.example/', domains(false, 'https://app.example.com'), false],
    ['https://evil.example/https://app.example.com', domains(false, 'https://app.example.com'), false],
    ['https://app.example.com@evil.example/', domains(false, 'https://app.example.com'), false],
    ['https://a.example.com/', domains(false, 'https://*.example.com'), true],
    ['https://a.b.example.com/', domains(false, 'https://*.example.com'), false],
    ['https://example.com/', domains(false, 'https://*.example.com'), false],
    ['https://a.b.example.com/', domains(false, 'https://**.example.com'), true],
    ['https://pr-7.example.com/', domains(false, 'https://pr-*.example.com'), true],
    ['https://x-7.example.com/', domains(false, 'https://pr-*.example.com'), false],
    ['https://a.example.com:8080/', domains(false, 'https://a.example.com:*'), true],
    ['javascript:alert(1)', domains(true), false],
    ['not a url', domains(true), false],
  ];
  test.each(cases)('%s with %o: %s', (url, settings, allowed) => {
    expect(isRedirectUrlAllowed(url, settings)).toBe(allowed);
  });

  test('otherwise the known error', () => {
    expect(() => assertRedirectUrlAllowed('https://evil.example', domains(true))).toThrow(expect.objectContaining({ statusCode: 400 }));
  });
});

describe('a sign-in with a provider', () => {
  test.each([
    ['stack-auth-mobile-oauth-url://success', true],
    ['http://localhost:3000/', true],
    ['javascript:alert(1)', false],
    ['my-app://success', false],
    ['https://evil.example/?stack-auth-mobile-oauth-url://', false],
  ])('may end at %s: %s', (url, allowed) => {
    expect(isOAuthRedirectAllowed(url, domains(true))).toBe(allowed);
    if (url.startsWith('stack-')) expect(isRedirectUrlAllowed(url, domains(true))).toBe(false);
  });
});

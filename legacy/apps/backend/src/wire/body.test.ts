import { describe, expect, test } from 'vitest';
import { bodyBytesMax, parseBody, readBody } from './body.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a body', () => {
  test.each([
    ['POST', 'application/json; charset=utf-8', '{"a":1}', { a: 1 }],
    ['POST', 'application/x-www-form-urlencoded', 'a=1&b=%20', { a: '1', b: ' ' }],
    ['POST', 'text/plain', 'x', 'x'],
    ['POST', null, 'ignored', undefined],
    ['GET', 'application/json', 'not json', undefined],
  ])('%s %s', (method, type, text, expected) => {
    expect(parseBody(method, type, bytes(text))).toEqual(expected);
  });

  test.each([
    ['DELETE', 'application/json', '', 'Invalid JSON in request body'],
    ['POST', 'application/json', '{', 'Invalid JSON in request body'],
    ['POST', 'image/png', 'x', 'Unknown content type in request body: image/png'],
  ])('that cannot be read is refused: %s %s', (method, type, text, message) => {
    expect(() => parseBody(method, type, bytes(text))).toThrow(expect.objectContaining({ statusCode: 400, message }));
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => parseBody('POST', 'application/json', Uint8Array.of(0xff))).toThrow(/not valid UTF-8/);
  });

  test('of exactly the limit is read, one byte more is refused', async () => {
    const post = (size: number) => readBody(new Request('http://x', { method: 'POST', body: new Uint8Array(size) }));
    expect((await post(bodyBytesMax)).byteLength).toBe(bodyBytesMax);
    await expect(post(bodyBytesMax + 1)).rejects.toMatchObject({ statusCode: 413 });
  });

  test('that lies about its length is refused all the same', async () => {
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(600_000));
      },
    });
    const request = new Request('http://x', { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    await expect(readBody(request)).rejects.toMatchObject({ statusCode: 413 });
  });
});

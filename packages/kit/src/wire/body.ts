import type { IncomingMessage } from 'node:http';
import { knownErrors, StatusError } from './known-errors.ts';

export const bodyBytesMax = 1024 * 1024;

/** The whole body. Throws 413 as soon as it is known to be too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? '0') > bodyBytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Parses by content type. Throws BODY_PARSING_ERROR. Without a content type there is no body, whatever was sent. */
export function parseBody(contentType: string | undefined, bytes: Buffer): unknown {
  switch (contentType?.split(';')[0]?.trim().toLowerCase() ?? '') {
    case '':
      return undefined;
    case 'application/json':
      return parseJson(decodeText(bytes));
    case 'application/x-www-form-urlencoded':
      return Object.fromEntries(new URLSearchParams(decodeText(bytes)));
    case 'text/plain':
      return decodeText(bytes);
    case 'application/octet-stream':
      return bytes;
    default:
      throw knownErrors.bodyParsing(`Unknown content type in request body: ${contentType}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw knownErrors.bodyParsing('Invalid JSON in request body');
  }
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw knownErrors.bodyParsing('Request body is not valid UTF-8');
  }
}

function tooLarge(): StatusError {
  return new StatusError(413, `Request body is larger than ${bodyBytesMax} bytes`);
}

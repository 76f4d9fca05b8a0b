import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';

export const bodyBytesMax = 1024 * 1024;

/** The whole body, or 413 as soon as it is known to be too large. */
export async function readBody(request: Request): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? '0');
  if (declared > bodyBytesMax) throw tooLarge();
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Parses by content type. GET and HEAD have no body, whatever was sent. Throws BODY_PARSING_ERROR. */
export function parseBody(method: string, contentType: string | null, bytes: Uint8Array): unknown {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  switch (type) {
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
      throw new KnownErrors.BodyParsingError(`Unknown content type in request body: ${contentType}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KnownErrors.BodyParsingError('Invalid JSON in request body');
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new KnownErrors.BodyParsingError('Request body is not valid UTF-8');
  }
}

function tooLarge(): StatusError {
  return new StatusError(413, `Request body is larger than ${bodyBytesMax} bytes`);
}

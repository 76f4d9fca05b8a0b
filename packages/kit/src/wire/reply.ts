import { KnownError, StatusError } from './known-errors.ts';

/** What an endpoint answers, before the headers that every answer gets. */
export type WireReply =
  | { kind: 'json'; status: number; value: unknown; headers?: Record<string, string> }
  | { kind: 'text'; status: number; text: string; headers?: Record<string, string> }
  | { kind: 'empty'; status: number };

export function json(value: unknown, status = 200): WireReply {
  return { kind: 'json', status, value };
}

/** The answer of an error the wire knows; undefined for all others. */
export function replyOf(error: unknown): WireReply | undefined {
  if (error instanceof KnownError)
    return { kind: 'json', status: error.status, value: error.toJson(), headers: { 'x-stack-known-error': error.code } };
  if (error instanceof StatusError) return { kind: 'text', status: error.status, text: error.message };
  return undefined;
}

/** The page of an unknown path; `url` as the client called it. */
export function notFound(url: string): WireReply {
  const text = `404 — this page does not exist in Stack Auth's API.\n\nPlease see the API documentation at https://docs.stack-auth.com, or visit the Stack Auth dashboard at https://app.stack-auth.com.\n\nURL: ${url}`;
  return { kind: 'text', status: 404, text };
}

/** Status, headers and body as they go out; refusals (4xx) are dressed as 200 for clients that ask for it. */
export function dress(
  reply: Exclude<WireReply, { kind: 'empty' }>,
  options: { requestId: string; overridesErrorStatus: boolean },
): { status: number; headers: Record<string, string>; body: string } {
  const isDisguised = options.overridesErrorStatus && reply.status >= 400 && reply.status < 500;
  const headers = {
    'cache-control': 'no-store, max-age=0',
    'x-stack-request-id': options.requestId,
    'content-type': reply.kind === 'json' ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    ...reply.headers,
    ...(isDisguised ? { 'x-stack-actual-status': String(reply.status) } : {}),
  };
  return { status: isDisguised ? 200 : reply.status, headers, body: bodyOf(reply) };
}

// Refusals are printed for people, results for machines, as recorded from the legacy.
function bodyOf(reply: Exclude<WireReply, { kind: 'empty' }>): string {
  if (reply.kind === 'text') return reply.text;
  return reply.status >= 400 ? JSON.stringify(reply.value, undefined, 2) : JSON.stringify(reply.value);
}

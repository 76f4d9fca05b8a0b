import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { corsHeaders } from './cors.ts';
import type { Reply } from './reply.ts';

const requestIdBits = 80;

/** Turns a reply into the response of /api: CORS, no caching, a request id, and a refusal dressed as 200 for clients that ask for it. */
export function respond(reply: Reply, options: { overrideErrorStatus: boolean }): Response {
  if (reply.kind === 'empty') return new Response(null, { status: reply.status, headers: corsHeaders });
  const isDisguised = options.overrideErrorStatus && reply.status >= 400 && reply.status < 500;
  const headers = {
    ...corsHeaders,
    'cache-control': 'no-store, max-age=0',
    'x-stack-request-id': generateSecureRandomString(requestIdBits),
    ...kindHeaders(reply),
    ...reply.headers,
    ...(isDisguised ? { 'x-stack-actual-status': String(reply.status) } : {}),
  };
  return new Response(bodyOf(reply), { status: isDisguised ? 200 : reply.status, headers });
}

type Filled = Exclude<Reply, { kind: 'empty' }>;

function kindHeaders(reply: Filled): Record<string, string> {
  switch (reply.kind) {
    case 'json':
      return { 'content-type': 'application/json; charset=utf-8' };
    case 'text':
      return { 'content-type': 'text/plain; charset=utf-8' };
    case 'redirect':
      return { location: reply.location };
  }
}

// Refusals are printed for people, results for machines: so the published clients' recordings have it.
function bodyOf(reply: Filled): string | null {
  if (reply.kind === 'redirect') return null;
  if (reply.kind === 'text') return reply.text;
  return reply.status >= 400 ? JSON.stringify(reply.value, undefined, 2) : JSON.stringify(reply.value);
}

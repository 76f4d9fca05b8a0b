import { authenticate } from '../auth/authenticate.ts';
import { type RequestHeaders, readRequestHeaders } from '../auth/request-headers.ts';
import { config } from '../config.ts';
import { endpoints } from '../routes.ts';
import { parseBody, readBody } from './body.ts';
import type { Endpoint } from './endpoint.ts';
import { replyToError } from './errors.ts';
import { firstThatFits, overloadsFor } from './overloads.ts';
import { type Reply, text } from './reply.ts';
import { respond } from './respond.ts';
import { createRouter, forMethod, type Match } from './router.ts';
import { validate } from './validate.ts';

const versions = new Set(['v1', 'latest', 'v2beta1', 'v2beta2', 'v2beta3', 'v2beta4', 'v2beta5']);
const findRoute = createRouter(endpoints);

/** Every request below /api, from the socket to its answer. All versions are one. */
export async function handleApi(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const headers = readRequestHeaders(request.headers);
  if (request.method === 'OPTIONS') return respond({ status: 200, kind: 'empty' }, headers);
  const match = matchPath(url.pathname);
  if (match === null) return respond(notFound(url), headers);
  const overloads = forMethod(match, request.method);
  if (overloads.length === 0) return respond({ status: 405, kind: 'empty' }, headers);
  return respond(await answer({ request, url, headers, match, overloads }), headers);
}

/** The text for a path that does not exist, with the address as clients call it. */
export function notFound(url: URL): Reply {
  const lines = [
    "404 — this page does not exist in Stack Auth's API.",
    'Please see the API documentation at https://docs.stack-auth.com, or visit the Stack Auth dashboard at https://app.stack-auth.com.',
    `URL: ${config().publicApiUrl}${url.pathname}${url.search}`,
  ];
  return text(404, lines.join('\n\n'));
}

type Call = { request: Request; url: URL; headers: RequestHeaders; match: Match; overloads: Endpoint[] };

async function answer(call: Call): Promise<Reply> {
  const { request, url } = call;
  try {
    const body = parseBody(request.method, request.headers.get('content-type'), await readBody(request));
    const auth = await authenticate(call.headers);
    const { endpoint, parts } = await firstThatFits(overloadsFor(call.overloads, auth), (overload) =>
      validate({
        parts: { body, query: Object.fromEntries(url.searchParams), params: call.match.params },
        schemas: overload,
        method: request.method,
        pathname: url.pathname,
        currentUserId: auth?.user?.projectUserId,
      }),
    );
    return await endpoint.run({ auth, headers: call.headers, ...parts });
  } catch (error) {
    const writesNotifications = call.overloads.some((endpoint) => endpoint.writesNotifications === true);
    return replyToError(error, { method: request.method, pathname: url.pathname, projectId: call.headers.projectId, writesNotifications });
  }
}

function matchPath(pathname: string): Match | null {
  const [root, version, ...rest] = pathname.split('/').slice(1);
  if (root !== 'api' || version === undefined || !versions.has(version)) return null;
  try {
    return findRoute(rest.filter((segment, index) => segment !== '' || index < rest.length - 1).map(decodeURIComponent));
  } catch {
    return null;
  }
}

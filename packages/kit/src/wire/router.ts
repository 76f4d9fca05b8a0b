import express, { type Request, type Response, type Router } from 'express';
import type { z } from 'zod';
import { type Auth, type AuthPorts, authenticate, requireAccess } from './authenticate.ts';
import { parseBody, readBody } from './body.ts';
import { corsHeaders, createRequestId, type StackHeader, stackHeaderOf } from './headers.ts';
import { type AccessType, knownErrors } from './known-errors.ts';
import { dress, notFound, replyOf, type WireReply } from './reply.ts';
import { readRequest, wireObject } from './schema.ts';

type Schemas = { query?: z.ZodType; params?: z.ZodType; body?: z.ZodType };
type Parsed<S extends Schemas, Part extends keyof Schemas> = S[Part] extends z.ZodType<infer T> ? T : undefined;

/** Which access types may call; `anyone` needs no project at all. */
export type WireAccess = readonly AccessType[] | 'anyone';

/** A call that passed every check of the wire. `header` reads what is not of the wire (`x-gw-*`). */
export type WireCall<S extends Schemas = Schemas, A extends WireAccess = readonly AccessType[]> = {
  auth: A extends 'anyone' ? Auth | null : Auth;
  query: Parsed<S, 'query'>;
  params: Parsed<S, 'params'>;
  body: Parsed<S, 'body'>;
  header(name: string): string | undefined;
};

/** One endpoint below `/api/v1`. `userParam` names the path parameter that may be `me`. Absent schemas allow no properties; an absent body schema ignores the body. */
export type WireRoute = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  access: WireAccess;
  schemas: Schemas;
  userParam?: string;
  handle(call: WireCall<Schemas, WireAccess>): Promise<WireReply>;
};

/** Declares a route; its handler gets the types of its schemas. */
export function wireRoute<S extends Schemas, const A extends WireAccess>(
  route: Omit<WireRoute, 'schemas' | 'access' | 'handle'> & { schemas: S; access: A; handle(call: WireCall<S, A>): Promise<WireReply> },
): WireRoute {
  return route as unknown as WireRoute;
}

export type WireOptions = {
  routes: readonly WireRoute[];
  /** Made anew for each request, so that look-ups can use what the request carries. */
  authPorts(header: (name: string) => string | undefined): AuthPorts;
  /** Base of URLs in texts, e.g. `http://localhost:8102`. */
  publicUrl: string;
  /** The answer of an error that the wire does not know. */
  onError(error: unknown, request: { method: string; path: string }): WireReply;
};

/** Everything below `/api` of a service: the routes under `/api/v1` and `/api/latest`, CORS, 404 and 405. */
export function createWireRouter(options: WireOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: false });
  router.use((_req, res, next) => {
    res.set(corsHeaders);
    next();
  });
  router.options('/*any', (_req, res) => void res.status(200).end());
  for (const version of ['v1', 'latest']) router.use(`/${version}`, versionRouter(options));
  router.use((req: Request, res: Response) => answer(req, res, options, async () => notFound(`${options.publicUrl}${req.originalUrl}`)));
  router.use((error: unknown, req: Request, res: Response, _next: unknown) =>
    answer(req, res, options, async () => {
      if (error instanceof URIError) return notFound(`${options.publicUrl}${req.originalUrl}`);
      throw error;
    }),
  );
  return router;
}

function versionRouter(options: WireOptions): Router {
  const router = express.Router({ caseSensitive: true, strict: false });
  for (const [path, routes] of Map.groupBy(options.routes, (route) => route.path)) {
    const onPath = router.route(path);
    for (const route of routes) {
      const method = route.method.toLowerCase() as 'get' | 'post' | 'patch' | 'put' | 'delete';
      onPath[method]((req: Request, res: Response) => answer(req, res, options, () => runRoute(route, req, options)));
    }
    onPath.all((_req: Request, res: Response) => void res.status(405).end());
  }
  return router;
}

async function answer(req: Request, res: Response, options: WireOptions, work: () => Promise<WireReply>): Promise<void> {
  let reply: WireReply;
  try {
    reply = await work();
  } catch (error) {
    reply = replyOf(error) ?? options.onError(error, { method: req.method, path: pathOf(req) });
  }
  if (reply.kind === 'empty') return void res.status(reply.status).end();
  const overridesErrorStatus = stackHeaderOf(req.headers)('override-error-status') === 'true';
  const { status, headers, body } = dress(reply, { requestId: createRequestId(), overridesErrorStatus });
  res.status(status).set(headers).end(body);
}

/** Body, caller, access, schema, handler: the order in which a request may fail is part of the wire. */
async function runRoute(route: WireRoute, req: Request, options: WireOptions): Promise<WireReply> {
  const isBodiless = req.method === 'GET' || req.method === 'HEAD';
  const body = isBodiless ? undefined : parseBody(req.headers['content-type'], await readBody(req));
  const header = (name: string) => req.get(name);
  const stackHeader: StackHeader = stackHeaderOf(req.headers);
  const caller = await authenticate(stackHeader, options.authPorts(header));
  const auth = route.access === 'anyone' ? caller : requireAccess(caller, route.access);
  const { query, params, body: bodySchema } = route.schemas;
  const parsed = readRequest(
    { method: req.method, path: pathOf(req) },
    {
      query: { schema: query ?? wireObject({}), input: queryOf(req) },
      params: { schema: params ?? wireObject({}), input: withOwnUser(route, req.params, auth) },
      ...(bodySchema === undefined ? {} : { body: { schema: bodySchema, input: body } }),
    },
  );
  return route.handle({ auth, header, query: undefined, params: undefined, body: undefined, ...(parsed as object) });
}

/** `me` becomes the caller's id. Throws CANNOT_GET_OWN_USER_WITHOUT_USER. */
function withOwnUser(route: WireRoute, params: Record<string, unknown>, auth: Auth | null): Record<string, unknown> {
  if (route.userParam === undefined || params[route.userParam] !== 'me') return { ...params };
  if (auth?.user === undefined) throw knownErrors.cannotGetOwnUserWithoutUser();
  return { ...params, [route.userParam]: auth.user.id };
}

function queryOf(req: Request): Record<string, string> {
  const mark = req.originalUrl.indexOf('?');
  return mark < 0 ? {} : Object.fromEntries(new URLSearchParams(req.originalUrl.slice(mark + 1)));
}

function pathOf(req: Request): string {
  return req.originalUrl.split('?', 1)[0] ?? req.originalUrl;
}

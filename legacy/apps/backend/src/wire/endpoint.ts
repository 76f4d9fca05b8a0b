import type { AnySchema, InferType } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import type { AccessType } from '../auth/check-order.ts';
import type { RequestHeaders } from '../auth/request-headers.ts';
import type { Reply } from './reply.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Which access types may call: those listed. `anyone` needs no project at all. */
export type Access = readonly AccessType[] | 'anyone';
export const clientOrHigher = ['client', 'server', 'admin'] as const;
export const serverOrHigher = ['server', 'admin'] as const;
export const adminOnly = ['admin'] as const;
export const clientOnly = ['client'] as const;

/** One overload of a route, with its types gone: what the pipeline works with. */
export type Endpoint = {
  method: Method;
  /** Below `/api/latest`, parameters as `:name`. */
  path: string;
  access: Access;
  params?: AnySchema | undefined;
  query?: AnySchema | undefined;
  body?: AnySchema | undefined;
  /** It writes the tables of notifications (legacy/README.md, line 5). */
  writesNotifications?: boolean;
  run(request: AnyRequest): Promise<Reply>;
};

type AnyRequest = { auth: Auth | null; headers: RequestHeaders; params: unknown; query: unknown; body: unknown };
type Infer<Schema> = Schema extends AnySchema ? InferType<Schema> : undefined;
type AuthFor<A extends Access> = A extends 'anyone' ? Auth | null : Auth;

export type EndpointRequest<A extends Access, Params, Query, Body> = {
  auth: AuthFor<A>;
  headers: RequestHeaders;
  params: Infer<Params>;
  query: Infer<Query>;
  body: Infer<Body>;
};

type Definition<A extends Access, Params, Query, Body> = {
  method: Method;
  path: string;
  access: A;
  params?: Params;
  query?: Query;
  body?: Body;
  writesNotifications?: boolean;
  handle(request: EndpointRequest<A, Params, Query, Body>): Promise<Reply>;
};

/** Declares an endpoint; `handle` sees the request with the types of its schemas. The one cast is here: the pipeline checked them. */
export function endpoint<
  A extends Access,
  Params extends AnySchema | undefined = undefined,
  Query extends AnySchema | undefined = undefined,
  Body extends AnySchema | undefined = undefined,
>(definition: Definition<A, Params, Query, Body>): Endpoint {
  const { handle, ...rest } = definition;
  return { ...rest, run: (request) => handle(request as EndpointRequest<A, Params, Query, Body>) };
}

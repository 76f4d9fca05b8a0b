import type { AccessType } from '../src/auth/check-order.ts';
import type { Method } from '../src/wire/endpoint.ts';
import type { Person, World } from './world.ts';

/** A call that succeeds, built from rows made for it alone. */
export type Example = {
  user?: Person;
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
};

/**
 * One route: how to make a call of it that succeeds, in a world, for an access type. `isAlone`: the route answers about its caller
 * only and takes nothing of another project (then the two-project test asks that nothing of the other shows or changes). `caller` is the
 * world whose keys the call is made with: routes that take them in query or body, not in headers, ask it. `takesAnyQuery`: somebody else
 * writes its query, and may add to it.
 */
export type RouteExample = {
  isAlone?: boolean;
  takesAnyQuery?: boolean;
  make: (world: World, access: AccessType | 'none', caller: World) => Promise<Example>;
};
export type Examples = Partial<Record<`${Method} /${string}`, RouteExample | RouteExample['make']>>;

import type { Effect, Plan, PlanRoute, SlicePlan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import createRouter, { type HTTPMethod, type HTTPVersion } from 'find-my-way';

/** Where the wire serves its API: `latest`, and the names that mean the same. */
export const apiPrefixes = ['/api/v1', '/api/latest', '/api/v2beta1', '/api/v2beta2', '/api/v2beta3', '/api/v2beta4', '/api/v2beta5'];
const paramCharactersMax = 512;

/** What a method and a path mean. `name` is the route as the plan writes it, for logs and metrics: its values are bounded. */
export type Route =
  | { kind: 'slice'; slice: SlicePlan; effect: Effect; name: string }
  | { kind: 'unsliced'; effect: Effect; name: string }
  | { kind: 'unknown'; name: string };

/** Immutable: a new plan makes a new table. */
export type RouteTable = { readonly revision: bigint; find(method: string, path: string): Route };

/** Compiles a plan into a table. Throws PLAN_INVALID that lists every mistake at once, each with its route. */
export function compileTable(plan: Plan, revision: bigint, upstreams: ReadonlySet<string>): RouteTable {
  const mistakes = [...mistakesOfSlices(plan, upstreams), ...mistakesOfRoutes(plan)];
  if (mistakes.length > 0)
    throw new AppError('PLAN_INVALID', { message: mistakes.map((mistake) => `\n  - ${mistake}`).join(''), mistakes });
  const router = createRouter({ maxParamLength: paramCharactersMax });
  for (const slice of plan.slices) for (const route of slice.routes) add(router, route, { kind: 'slice', slice, ...described(route) });
  for (const route of plan.unsliced) add(router, route, { kind: 'unsliced', ...described(route) });
  return { revision, find: (method, path) => find(router, method, path) };
}

/** The table of a gateway that has no plan yet: everything is the legacy's. */
export const emptyTable: RouteTable = compileTable({ maxBlindSeconds: 0, unsliced: [], slices: [] }, 0n, new Set());

function find(router: createRouter.Instance<HTTPVersion.V1>, method: string, path: string): Route {
  if (!isServed(path)) return { kind: 'unknown', name: 'unknown' };
  // A preflight has no effect by the wire's own words (empty 200 with CORS headers), whatever route it asks about.
  if (method === 'OPTIONS') return { kind: 'unsliced', effect: 'read', name: 'OPTIONS *' };
  const found = router.find(method as HTTPMethod, path);
  return (found?.store as Route | undefined) ?? undeclared(path);
}

/** Only these go to the legacy; its `/service/*` is for services and never forwarded. */
function isServed(path: string): boolean {
  return path === '/' || path === '/health' || path.startsWith('/api/');
}

function undeclared(path: string): Route {
  return path.startsWith('/api') ? { kind: 'unsliced', effect: 'write', name: '/api/*' } : { kind: 'unsliced', effect: 'read', name: path };
}

function described(route: PlanRoute): { effect: Effect; name: string } {
  return { effect: route.effect, name: `${route.method} ${route.path}` };
}

function add(router: createRouter.Instance<HTTPVersion.V1>, route: PlanRoute, meaning: Route): void {
  // HTTP answers HEAD like GET without the body: it belongs where its GET belongs, also when that one writes.
  const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
  for (const method of methods) for (const prefix of apiPrefixes) router.on(method as HTTPMethod, prefix + route.path, () => {}, meaning);
}

function mistakesOfSlices(plan: Plan, upstreams: ReadonlySet<string>): string[] {
  const mistakes: string[] = [];
  for (const slice of plan.slices) {
    if (!upstreams.has(slice.upstream)) mistakes.push(`${slice.slice}: upstream "${slice.upstream}" is not known to this gateway`);
    if (slice.routes.length === 0) mistakes.push(`${slice.slice}: has no routes`);
    if (slice.canary.steps.some((step) => step <= 0 || step > 100))
      mistakes.push(`${slice.slice}: a canary step is above 0 and at most 100`);
    if (slice.stickiness !== 'user' && slice.stickiness !== 'project') mistakes.push(`${slice.slice}: a canary needs a stickiness`);
  }
  return mistakes;
}

function mistakesOfRoutes(plan: Plan): string[] {
  const mistakes: string[] = [];
  const taken = new Map<string, string>();
  const all = [
    ...plan.slices.flatMap((slice) => slice.routes.map((route) => ({ route, by: slice.slice }))),
    ...plan.unsliced.map((route) => ({ route, by: 'unsliced' })),
  ];
  for (const { route, by } of all) {
    const name = `${route.method} ${route.path}`;
    if (!/^\/[\w\-/:.]*$/.test(route.path) || route.path.includes('//')) mistakes.push(`${by}: ${name} is not a path below /api/v1`);
    const shape = name.replaceAll(/:[^/]+/g, ':');
    const other = taken.get(shape);
    if (other !== undefined) mistakes.push(`${by}: ${name} is ambiguous with ${other}`);
    else taken.set(shape, `${name} of ${by}`);
  }
  return mistakes;
}

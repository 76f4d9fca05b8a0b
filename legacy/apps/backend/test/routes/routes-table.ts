import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../../src/wire/endpoint.ts';
import type { WireRoute } from './wire-routes.ts';

/** One line of legacy/ROUTES.md. `tried` is what the matrix tries of every route; `written` are tests in a describe block with its name. */
export type RouteRow = { slice: string; route: string; access: string[]; tried: number; written: number };

const accessOrder = ['client', 'server', 'admin', 'anyone'];
const folder = fileURLToPath(new URL('..', import.meta.url));

/** Who may call each route, by its overloads. Parameters are named as in the wire's list, whatever the code calls them. */
export function accessByRoute(endpoints: readonly Endpoint[]): Map<string, string[]> {
  const byShape = Map.groupBy(endpoints, (endpoint) => shapeOf(`${endpoint.method} ${endpoint.path}`));
  return new Map(
    [...byShape].map(([shape, overloads]) => {
      const types = new Set<string>(
        overloads.flatMap((endpoint): readonly string[] => (endpoint.access === 'anyone' ? ['anyone'] : endpoint.access)),
      );
      return [shape, accessOrder.filter((type) => types.has(type))];
    }),
  );
}

/** `GET /users/:user_id` and `GET /users/:id` are one route. */
export function shapeOf(route: string): string {
  return route.replace(/:\w+/g, ':');
}

/** How many tests stand in describe blocks named after a route, by the route's shape. A `test.each` counts once. */
export function writtenCases(sources: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const source of sources) {
    let open: { shape: string; indent: string } | undefined;
    for (const line of source.split('\n')) {
      const [, indent = '', name] = /^(\s*)describe\('((?:GET|POST|PUT|PATCH|DELETE) \/\S*)'/.exec(line) ?? [];
      if (name !== undefined) open = { shape: shapeOf(name), indent };
      else if (open !== undefined && line.startsWith(`${open.indent}});`)) open = undefined;
      else if (open !== undefined && /^\s*test(\.each)?\(/.test(line)) counts.set(open.shape, (counts.get(open.shape) ?? 0) + 1);
    }
  }
  return counts;
}

/** The rows of the table: the wire's list first, in its order, then what the code has beyond it. */
export function routeRows(wire: readonly WireRoute[], endpoints: readonly Endpoint[], sources: readonly string[]): RouteRow[] {
  const access = accessByRoute(endpoints);
  const written = writtenCases(sources);
  const listed = new Set(wire.map(({ route }) => shapeOf(route)));
  const beyond = [...new Set(endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path}`))].filter(
    (route) => !listed.has(shapeOf(route)),
  );
  return [...wire, ...beyond.map((route) => ({ slice: 'dashboards', route }))].map(({ slice, route }) => {
    const types = access.get(shapeOf(route)) ?? [];
    return { slice, route, access: types, tried: triedByMatrix(types), written: written.get(shapeOf(route)) ?? 0 };
  });
}

/** What test/matrix.int.test.ts tries: success and a neighbour's caller for each type, each other type refused, no project, an unknown property. */
function triedByMatrix(types: readonly string[]): number {
  if (types.length === 0) return 0;
  if (types.includes('anyone')) return 3;
  return types.length * 2 + (3 - types.length) + 2;
}

export function routesTable(rows: readonly RouteRow[]): string {
  const head = [
    '# Routes of the legacy',
    '',
    'Made by `pnpm --filter @atlas/legacy-backend routes` from the code and the tests; do not edit. _Tried_ is what one test tries of every route: success for',
    'each access type, refusal of every other and of callers without a project, an unknown property, and a caller of another project. _Written_ are',
    'tests of its own: documented errors, side effects, visibility, races (a table of cases counts once).',
  ];
  const slices = Map.groupBy(rows, (row) => row.slice);
  const sections = [...slices].flatMap(([slice, of]) => [
    '',
    `## ${slice}`,
    '',
    '| route | access | tried | written |',
    '| --- | --- | --: | --: |',
    ...of.map((row) => `| \`${row.route}\` | ${row.access.join(', ')} | ${row.tried} | ${row.written} |`),
  ]);
  const sum = (name: 'tried' | 'written') => rows.reduce((total, row) => total + row[name], 0);
  return `${[...head, ...sections, '', `${rows.length} routes, ${sum('tried')} tried and ${sum('written')} written cases.`].join('\n')}\n`;
}

/** The texts of this app's tests. */
export function testSources(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'));
}

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { endpoints } from '../src/routes.ts';
import { accessByRoute, routeRows, routesTable, shapeOf, testSources, writtenCases } from './routes/routes-table.ts';
import { readWireRoutes, wireRoutes } from './routes/wire-routes.ts';

const wire = readWireRoutes(wireRoutes);

test.each(wire)('$route is served to $access, no more and no less', ({ route, access }) => {
  expect(accessByRoute(endpoints).get(shapeOf(route)) ?? []).toEqual(access);
});

test.each(wire)('$route has cases of its own', ({ route }) => {
  expect(writtenCases(testSources()).get(shapeOf(route)) ?? 0).toBeGreaterThan(0);
});

test('legacy/ROUTES.md is what the code and the tests say', () => {
  const file = readFileSync(new URL('../../../ROUTES.md', import.meta.url), 'utf8');
  expect(file, 'run: pnpm --filter @atlas/legacy-backend routes').toBe(routesTable(routeRows(wire, endpoints, testSources())));
});

test('cases count for the route their block is named after, and for no other', () => {
  const source = [
    "describe('POST /a/:b', () => {",
    "  test('one', () => {});",
    "  test.each([1])('two', () => {});",
    '});',
    "describe('what else', () => {",
    "  test('three', () => {});",
    '});',
  ].join('\n');
  expect([...writtenCases([source])]).toEqual([['POST /a/:', 2]]);
});

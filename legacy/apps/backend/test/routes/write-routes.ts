import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endpoints } from '../../src/routes.ts';
import { routeRows, routesTable, testSources } from './routes-table.ts';
import { readWireRoutes, wireRoutes } from './wire-routes.ts';

// Writes legacy/ROUTES.md.
writeFileSync(
  fileURLToPath(new URL('../../../../ROUTES.md', import.meta.url)),
  routesTable(routeRows(readWireRoutes(wireRoutes), endpoints, testSources())),
);

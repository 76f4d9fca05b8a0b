import { expect, test } from 'vitest';
import { tidy } from './tidy.ts';

const plan = { path: 'migration-plan.md', text: 'slice: notifications\n' };
const whole = [
  plan,
  { path: 'flags/src/registry.ts', text: `['notifications']` },
  ...[
    'cdc/src/slices/notifications.ts',
    'extracted/notifications/src/app.ts',
    'extracted/notifications/README.md',
    'extracted/notifications/prisma/schema.prisma',
  ].map((path) => ({ path, text: '' })),
];

test('a slice wired in all its places is tidy', () => {
  expect(tidy(whole)).toEqual([]);
});

test.each([
  ['a slice without its mapping', whole.filter((file) => !file.path.startsWith('cdc')), 'has no cdc/src/slices/notifications.ts'],
  ['a slice without flags', [{ path: 'flags/src/registry.ts', text: '' }, plan, ...whole.slice(2)], 'has no flags'],
  ['a vague file name', [{ path: 'cdc/src/utils.ts', text: '' }], 'named after what it exports'],
  ['a camelCase file', [{ path: 'cdc/src/rowVersion.ts', text: '' }], 'kebab-case'],
  ['a swallowed error', [{ path: 'cdc/src/a.ts', text: 'try { f(); } catch {}' }], 'swallowed'],
  ['a test that is left out', [{ path: 'cdc/src/a.test.ts', text: `test${'.only'}('x', () => {});` }], 'left out'],
  ['a package without a README', [{ path: 'cdc/package.json', text: '{}' }], 'has a README.md'],
  ['a route without cases', [{ path: 'legacy/ROUTES.md', text: '| `GET /teams` | client | 8 | 0 |' }], 'GET /teams has no cases'],
  ['a long function', [{ path: 'cdc/src/a.ts', text: `function f() {\n${'  g();\n'.repeat(75)}}\n` }], 'a function of 76 lines'],
])('%s is found', (_label, files, message) => {
  expect(tidy(files).map((finding) => finding.message)).toEqual([expect.stringContaining(message)]);
});

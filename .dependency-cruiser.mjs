// Who may import whom, as data (ARCHITECTURE.md shows the house). Every rule has a planted violation in packages/dev/src/check/planted.ts.
const mayImport = {
  'packages/contracts': [],
  'packages/kit': ['packages/contracts'],
  flags: ['packages/contracts'],
  'packages/migrate': ['packages/contracts', 'packages/kit', 'flags'],
  'packages/dev': ['packages/contracts', 'packages/kit', 'flags', 'packages/migrate'],
  gateway: ['packages/contracts', 'packages/kit', 'flags'],
  cdc: ['packages/contracts', 'packages/kit'],
  'extracted/notifications': ['packages/contracts', 'packages/kit', 'flags'],
  legacy: [],
  pact: ['packages/contracts', 'packages/kit', 'flags', 'packages/migrate', 'gateway', 'cdc', 'extracted/notifications'],
  load: [],
};
const folders = Object.keys(mayImport);
const tests = '(\\.test\\.ts$|/test/|/testing/|/testing\\.ts$|vitest\\.config\\.ts$)';

const tableRules = folders.map((folder) => ({
  name: `${folder} imports only what the table allows`,
  comment: `${folder} may import ${mayImport[folder].join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: folder === 'legacy' ? tests : '^$' },
  to: { path: `^(${folders.filter((other) => other !== folder && !mayImport[folder].includes(other)).join('|')})/` },
}));

export default {
  forbidden: [
    ...tableRules,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true, pathNot: 'node_modules|generated' } },
    {
      name: 'neighbours enter by the door',
      comment: 'a file directly in src/ is a door, folders below are private',
      severity: 'error',
      from: { path: `^(${folders.join('|')})/` },
      to: { path: `^(${folders.join('|')})/src/[^/]+/`, pathNot: ['^$1/', 'node_modules'] },
    },
    {
      name: 'production imports no test and no memory version',
      severity: 'error',
      from: { pathNot: [tests, '\\.memory\\.ts$', '^pact/', 'planted/'] },
      to: { path: [tests, '\\.memory\\.ts$'], pathNot: 'node_modules' },
    },
    {
      name: 'only stream/ knows kafkajs',
      severity: 'error',
      from: { path: '^cdc/src/', pathNot: '^cdc/src/stream/' },
      to: { path: 'node_modules/kafkajs' },
    },
    {
      name: 'only forward/ knows http-proxy-middleware',
      severity: 'error',
      from: { path: '^gateway/src/', pathNot: '^gateway/src/forward/' },
      to: { path: 'node_modules/http-proxy-middleware' },
    },
    {
      name: 'only a store knows Prisma',
      severity: 'error',
      from: { path: '^extracted/[^/]+/src/', pathNot: ['/store\\.ts$', '/generated/', '/src/(app|main|database)\\.ts$', tests] },
      to: { path: ['node_modules/@prisma/', '/src/generated/'] },
    },
    {
      name: 'domain files know no express',
      comment: 'in a service only routes, the wiring and the wire know HTTP',
      severity: 'error',
      from: { path: '^extracted/[^/]+/src/[^/]+/', pathNot: ['/routes\\.ts$', '/generated/', tests] },
      to: { path: 'node_modules/express/' },
    },
    {
      name: 'decide is pure',
      severity: 'error',
      from: { path: '^gateway/src/decide/', pathNot: tests },
      to: { path: ['^node:', 'node_modules/(express|pg|http-proxy-middleware)/', '^(fs|http|net|crypto|timers)$'] },
    },
    {
      name: 'neighbours are named, not reached',
      comment: 'a neighbour is imported by its package name, never by ../../',
      severity: 'error',
      from: { path: `^(${folders.join('|')})/` },
      to: { path: `^(${folders.join('|')})/`, pathNot: ['^$1/', 'node_modules'], dependencyTypes: ['local'] },
    },
    { name: 'nobody imports pact or load', severity: 'error', from: { pathNot: '^(pact|load)/' }, to: { path: '^(pact|load)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/generated/|\\.next' },
    exclude: { path: '(\\.next|\\.atlas|/generated/.*\\.js$)' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};

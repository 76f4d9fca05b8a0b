/** One violation for a rule of .dependency-cruiser.mjs: these files, in a tree of their own, must make exactly this rule complain. */
export type Planted = { rule: string; files: Record<string, string> };

const empty = 'export const thing = 1;\n';
const imports = (path: string) => `import { thing } from '${path}';\nexport const other = thing;\n`;

/** Rules of the table: each folder reaches for something it may not have. */
const table: [folder: string, forbidden: string][] = [
  ['packages/contracts', 'packages/kit'],
  ['packages/kit', 'gateway'],
  ['flags', 'packages/migrate'],
  ['packages/migrate', 'gateway'],
  ['packages/dev', 'gateway'],
  ['gateway', 'cdc'],
  ['cdc', 'flags'],
  ['extracted/notifications', 'gateway'],
  ['legacy', 'packages/kit'],
  ['pact', 'packages/dev'],
  ['load', 'packages/kit'],
];

const up = (folder: string) => '../'.repeat(folder.split('/').length + 1);

export const planted: Planted[] = [
  ...table.map(([folder, forbidden]) => ({
    rule: `${folder} imports only what the table allows`,
    files: { [`${folder}/src/a.ts`]: imports(`${up(folder)}${forbidden}/src/b.ts`), [`${forbidden}/src/b.ts`]: empty },
  })),
  {
    rule: 'no cycles',
    files: { 'cdc/src/a.ts': imports('./b.ts'), 'cdc/src/b.ts': `import { other } from './a.ts';\nexport const thing = () => other;\n` },
  },
  {
    rule: 'neighbours enter by the door',
    files: { 'cdc/src/a.ts': imports('../../packages/kit/src/ledger/read.ts'), 'packages/kit/src/ledger/read.ts': empty },
  },
  {
    rule: 'neighbours are named, not reached',
    files: { 'cdc/src/a.ts': imports('../../packages/kit/src/http.ts'), 'packages/kit/src/http.ts': empty },
  },
  {
    rule: 'production imports no test and no memory version',
    files: { 'cdc/src/a.ts': imports('./store.memory.ts'), 'cdc/src/store.memory.ts': empty },
  },
  { rule: 'only stream/ knows kafkajs', files: { 'cdc/src/apply/a.ts': imports('kafkajs') } },
  { rule: 'only forward/ knows http-proxy-middleware', files: { 'gateway/src/hold/a.ts': imports('http-proxy-middleware') } },
  { rule: 'only a store knows Prisma', files: { 'extracted/notifications/src/preference/set.ts': imports('@prisma/client') } },
  { rule: 'domain files know no express', files: { 'extracted/notifications/src/preference/set.ts': imports('express') } },
  { rule: 'decide is pure', files: { 'gateway/src/decide/decide.ts': imports('node:crypto') } },
  { rule: 'nobody imports pact or load', files: { 'packages/dev/src/a.ts': imports('../../../load/src/b.ts'), 'load/src/b.ts': empty } },
];

/** Packages the planted files import, as empty stand-ins. */
export const plantedPackages = ['kafkajs', 'http-proxy-middleware', '@prisma/client', 'express'];

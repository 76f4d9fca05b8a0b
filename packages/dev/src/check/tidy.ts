/** A file of the repository: path from its root, and text (undefined when it is not read as text). */
export type TidyFile = { path: string; text: string };
type Finding = { path: string; line?: number; message: string };

const vagueNames = /(^|\/)(utils?|helpers?|common|types|manager|misc)\.(ts|tsx|mjs)$|\/(utils?|helpers?|common)\//;
const fileBytesMax = 400_000;
const functionLinesMax = 70;

/** What a reader would stumble over. Pure: the same files, the same findings. */
export function tidy(files: TidyFile[]): Finding[] {
  return [...files.flatMap((file) => findingsOf(file)), ...sliceFindings(files), ...routeFindings(files), ...readmeFindings(files)];
}

function findingsOf(file: TidyFile): Finding[] {
  const found: Finding[] = [];
  const add = (message: string, line?: number) =>
    found.push(line === undefined ? { path: file.path, message } : { path: file.path, line, message });
  if (vagueNames.test(file.path)) add('a file is named after what it exports');
  if (file.text.length > fileBytesMax && !file.path.endsWith('pnpm-lock.yaml')) add(`larger than ${fileBytesMax} bytes`);
  if (!/\.(ts|tsx|mjs)$/.test(file.path)) return found;
  if (!isKebab(file.path)) add('file names are kebab-case');
  for (const [index, line] of file.text.split('\n').entries()) {
    for (const [pattern, message] of linePatterns) if (pattern.test(line)) add(message, index + 1);
  }
  found.push(...longFunctions(file));
  return found;
}

const linePatterns: [RegExp, string][] = [
  [/\b(TO|FIX)(DO|ME)\b/, 'open work belongs in an issue'],
  [/\b(it|test|describe)\.(only|skip)\(/, 'a test that is left out names its reason and uses skipIf'],
  [/catch\s*(\([^)]*\))?\s*\{\s*\}/, 'an error is swallowed'],
  [/@ts-(ignore|nocheck)/, 'types are not silenced'],
  [/\bdebugger\b/, 'a debugger statement'],
];

/** Top-level functions and methods by indentation, as biome prints them: from their head to the closing brace at the same depth. */
function longFunctions(file: TidyFile): Finding[] {
  const lines = file.text.split('\n');
  const found: Finding[] = [];
  for (const [index, line] of lines.entries()) {
    const head = /^(\s*)(export )?(async )?(function \w+|(async )?#?\w+\(.*\).*\{$)/.exec(line);
    if (head === null || /^\s*(if|for|while|switch|return|test|it|describe)\b/.test(line)) continue;
    const end = lines.findIndex((candidate, at) => at > index && candidate.startsWith(`${head[1] ?? ''}}`));
    const says = lines.slice(Math.max(0, index - 5), index).some((before) => /over \d+ lines/.test(before));
    if (end - index > functionLinesMax && !says)
      found.push({
        path: file.path,
        line: index + 1,
        message: `a function of ${end - index} lines says why ("over ${functionLinesMax} lines: …")`,
      });
  }
  return found;
}

/** A slice of the plan is wired in all of its places: none may be forgotten. */
function sliceFindings(files: TidyFile[]): Finding[] {
  const plan = files.find((file) => file.path === 'migration-plan.md');
  if (plan === undefined) return [];
  const paths = new Set(files.map((file) => file.path));
  const registry = files.find((file) => file.path === 'flags/src/registry.ts')?.text ?? '';
  return [...plan.text.matchAll(/^slice: (\S+)$/gm)].flatMap(([, slice = '']) => {
    const missing = [
      `cdc/src/slices/${slice}.ts`,
      `extracted/${slice}/src/app.ts`,
      `extracted/${slice}/README.md`,
      `extracted/${slice}/prisma/schema.prisma`,
    ].filter((path) => !paths.has(path));
    const isFlagged = registry.includes(`'${slice}'`);
    return [
      ...missing.map((path) => ({ path: 'migration-plan.md', message: `slice ${slice} has no ${path}` })),
      ...(isFlagged ? [] : [{ path: 'migration-plan.md', message: `slice ${slice} has no flags in flags/src/registry.ts` }]),
    ];
  });
}

/** A route of the legacy that clients call has cases of its own: the table is made from the code and the tests. */
function routeFindings(files: TidyFile[]): Finding[] {
  const path = 'legacy/ROUTES.md';
  const table = files.find((file) => file.path === path)?.text ?? '';
  return table.split('\n').flatMap((line, index) => {
    const [, route, tried, written] = /^\| `(.+)` \| .* \| (\d+) \| (\d+) \|$/.exec(line) ?? [];
    if (route === undefined || (Number(tried) > 0 && Number(written) > 0)) return [];
    return [{ path, line: index + 1, message: `${route} has no cases: see legacy/README.md` }];
  });
}

function readmeFindings(files: TidyFile[]): Finding[] {
  const paths = new Set(files.map((file) => file.path));
  return [...paths]
    .filter((path) => path.endsWith('/package.json') && !path.includes('/unleash/'))
    .map((path) => path.replace('/package.json', ''))
    .filter((folder) => !paths.has(`${folder}/README.md`) && !paths.has(`${folder.split('/')[0]}/README.md`))
    .map((folder) => ({ path: folder, message: 'a package has a README.md' }));
}

function isKebab(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  return /^[.a-z0-9[\]-]+$/.test(name) || name.startsWith('[');
}

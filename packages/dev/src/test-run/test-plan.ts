/** What `pnpm test …` shall run. `folder` limits vitest to one service. */
export type TestPlan = { checks: boolean; projects: ('unit' | 'int')[]; e2e: boolean; folder?: string };

const folders: Record<string, string> = {
  gateway: 'gateway',
  cdc: 'cdc',
  flags: 'flags',
  load: 'load',
  pact: 'pact',
  legacy: 'legacy/apps/backend',
  notifications: 'extracted/notifications',
  migrate: 'packages/migrate',
  kit: 'packages/kit',
  contracts: 'packages/contracts',
  dev: 'packages/dev',
};

export const testUsage = `usage: pnpm test                      everything
       pnpm test run <service>        one folder's unit and integration tests: ${Object.keys(folders).join(', ')}
       pnpm test run e2e              the tests on the whole stack
       pnpm test run check            format, types, imports, dead code`;

/** Nothing: everything. `run <service>`: that folder, without the stack. */
export function planTests(args: readonly string[]): TestPlan | { mistake: string } {
  if (args.length === 0) return { checks: true, projects: ['unit', 'int'], e2e: true };
  const [verb, service = '', ...rest] = args;
  if (verb !== 'run' || rest.length > 0) return { mistake: `not understood: ${args.join(' ')}` };
  if (service === 'check') return { checks: true, projects: [], e2e: false };
  if (service === 'e2e') return { checks: false, projects: [], e2e: true };
  const folder = folders[service];
  if (folder === undefined) return { mistake: `there is no service "${service}"` };
  return { checks: false, projects: ['unit', 'int'], e2e: false, folder };
}

import { parseArgs } from 'node:util';

/** What `pnpm sdk:compat …` was asked for. `isAttached`: only on a stack that runs already. */
export type CompatArguments = { isJson: boolean; isAttached: boolean };

export const usage = `usage: pnpm sdk:compat [options]
  --attach   on the stack that runs already; without it, one is started when none runs, and ended afterwards
  --json     the rows as JSON on stdout`;

/** The words after `pnpm sdk:compat`, or what is wrong with them. */
export function parseCompatArguments(args: string[]): CompatArguments | { mistake: string } {
  try {
    const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, attach: { type: 'boolean' } } });
    return { isJson: values.json ?? false, isAttached: values.attach ?? false };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

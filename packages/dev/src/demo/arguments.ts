import { parseArgs } from 'node:util';

/** What `npm run demo -- …` was asked for. `short`: 12 s of traffic and one flip on a stack that runs already. */
export type DemoArguments = { isShort: boolean; isKept: boolean; jsonFile: string | undefined };

export const usage = `usage: npm run demo -- [options]
  --keep        leave the stack running afterwards
  --json FILE   write the figures as JSON
  --short       12 s of traffic and one flip, on a stack that runs already`;

/** The words after `npm run demo --`, or what is wrong with them. */
export function parseDemoArguments(args: string[]): DemoArguments | { mistake: string } {
  const options = { keep: { type: 'boolean' }, short: { type: 'boolean' }, json: { type: 'string' } } as const;
  try {
    const { values } = parseArgs({ args, options });
    return { isShort: values.short ?? false, isKept: values.keep ?? false, jsonFile: values.json };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

import { parseArgs } from 'node:util';

const verbs = ['up', 'down', 'status', 'logs', 'reset'] as const;
export type StackCommand = {
  verb: (typeof verbs)[number];
  part?: string;
  only?: string[];
  external?: string[];
  prefix?: number;
  json: boolean;
  follow: boolean;
};

export const usage = `usage: pnpm stack up [--only postgres,kafka] | down [--only …] | status | logs <part> [--follow] | reset
       --prefix 81   ports and state folder of the stack (default NEXT_PUBLIC_STACK_PORT_PREFIX or 81)
       --external kafka,connect   parts that somebody else runs on the same ports (compose.yaml)
       --json        figures and parts as JSON on stdout`;

/** The words after `pnpm stack`, or what is wrong with them. */
export function parseStackCommand(args: string[]): StackCommand | { mistake: string } {
  const options = {
    json: { type: 'boolean' },
    follow: { type: 'boolean' },
    only: { type: 'string' },
    external: { type: 'string' },
    prefix: { type: 'string' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [word, part, ...rest] = positionals;
    const verb = verbs.find((known) => known === word);
    if (verb === undefined) return { mistake: word === undefined ? 'say what to do' : `unknown command "${word}"` };
    if (rest.length > 0 || (verb === 'logs') !== (part !== undefined))
      return { mistake: verb === 'logs' ? 'say which part' : `too many words after "${verb}"` };
    const prefix = values.prefix === undefined ? undefined : Number(values.prefix);
    if (prefix !== undefined && !Number.isInteger(prefix)) return { mistake: `--prefix must be a number, is "${values.prefix}"` };
    return {
      verb,
      ...(part === undefined ? {} : { part }),
      ...(values.only === undefined ? {} : { only: values.only.split(',') }),
      ...(values.external === undefined ? {} : { external: values.external.split(',') }),
      ...(prefix === undefined ? {} : { prefix }),
      json: values.json ?? false,
      follow: values.follow ?? false,
    };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

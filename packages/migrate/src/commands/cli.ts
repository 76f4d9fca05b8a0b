import type { ErrorCode } from '@atlas/contracts/errors';
import { AppError, errorText } from '@atlas/kit/errors';
import { Command, CommanderError, Option } from 'commander';
import { addAdvance } from './advance.ts';
import { addCutover } from './cutover.ts';
import { addDoctor } from './doctor.ts';
import { addGateway } from './gateway.ts';
import { addJournal } from './journal.ts';
import { addParked } from './parked.ts';
import { addPlan } from './plan.ts';
import { addReverse } from './reverse.ts';
import { type CliSession, openLocal, openRemote } from './session.ts';
import { addStatus } from './status.ts';
import { type Act, type Cli, type CliOptions, type ExitCode, exitCodes, type Verb } from './verb.ts';
import { addVerify } from './verify.ts';

/** Runs one command line (without `node` and script) and answers its exit code. Never throws. */
export async function runCli(args: readonly string[], io: Pick<Cli, 'env' | 'data' | 'say'> & Partial<Pick<Cli, 'open'>>): Promise<number> {
  const cli: Cli = { open: async ({ local }) => (local === true ? openLocal(io.env) : openRemote(io.env)), ...io };
  const done: { code: number } = { code: exitCodes.ok };
  const program = createProgram(cli, done);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return done.code;
  } catch (error) {
    return explain(error, cli, args.includes('--json'));
  }
}

function createProgram(cli: Cli, done: { code: number }): Command {
  const program = new Command('migrate')
    .description('Moves slices from the legacy to their services and back, one gate at a time.')
    .addHelpText(
      'after',
      '\nExit codes: 0 ok · 1 failed · 2 usage · 3 refused by a gate · 4 still waiting, or time over · 5 something does not answer',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.data(text.trimEnd()), writeErr: (text) => cli.say(text.trimEnd()) });
  const verb: Verb = (name, description, act) => addVerb({ program, cli, done }, { name, description, act });
  for (const add of [addDoctor, addPlan, addStatus, addAdvance, addCutover, addReverse, addVerify, addParked, addJournal, addGateway])
    add(verb);
  return program;
}

type Target = { program: Command; cli: Cli; done: { code: number } };

function addVerb({ program, cli, done }: Target, { name, description, act }: { name: string; description: string; act: Act }): Command {
  return program
    .command(name)
    .description(description)
    .exitOverride()
    .addOption(new Option('--json', 'data as JSON on stdout'))
    .addOption(new Option('--local', 'in this process, under the unit’s lock; works with the server down'))
    .action(async (...args: unknown[]) => {
      const options = args.at(-2) as CliOptions;
      let session: CliSession | null = null;
      const open = async () => {
        session ??= await cli.open(options);
        return session;
      };
      try {
        const answer = await act({ cli, open }, ...(args.slice(0, -1) as never[]));
        done.code = answer.code;
        cli.data(options.json === true ? JSON.stringify(answer.json) : answer.text);
        if (answer.next !== '') cli.say(`next: ${answer.next}`);
      } finally {
        await (session as CliSession | null)?.close();
      }
    });
}

function explain(error: unknown, cli: Cli, isJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  if (isJson) cli.data(JSON.stringify({ error: { code, message: errorText(error) } }));
  cli.say(errorText(error));
  return exitFor(code);
}

function exitFor(code: ErrorCode): ExitCode {
  const codes: Partial<Record<ErrorCode, ExitCode>> = {
    CONFIG_INVALID: exitCodes.usage,
    BAD_REQUEST: exitCodes.usage,
    NOT_FOUND: exitCodes.usage,
    MOVE_REFUSED: exitCodes.refused,
    GATE_FAILED: exitCodes.refused,
    UNAVAILABLE: exitCodes.unavailable,
    LEDGER_UNAVAILABLE: exitCodes.unavailable,
  };
  return codes[code] ?? exitCodes.failed;
}

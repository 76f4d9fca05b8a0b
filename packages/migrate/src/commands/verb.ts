import type { Command } from 'commander';
import type { CliSession } from './session.ts';

/** Exit codes, for scripts. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, refused: 3, waiting: 4, unavailable: 5 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type CliOptions = { json?: boolean; local?: boolean };
/** What a verb works with. Data goes to `data` (stdout), words for people to `say` (stderr). */
export type Cli = {
  env: Record<string, string | undefined>;
  data(text: string): void;
  say(text: string): void;
  open(options: CliOptions): Promise<CliSession>;
};
/** What a verb answers: its data both ways, its exit code and what to do next. */
export type Answer = { json: unknown; text: string; code: ExitCode; next: string };

/** Adds a verb with the options all of them have; `act` gets a session, its arguments in order, then its options. */
export type Verb = (name: string, description: string, act: Act) => Command;
export type Act = (context: { cli: Cli; open(): Promise<CliSession> }, ...args: never[]) => Promise<Answer>;

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@atlas/kit/errors';
import { partChecklist } from './part-checklist.ts';
import { prepare } from './prepare.ts';
import { Stack } from './running-stack.ts';
import { parseStackCommand, type StackCommand, usage } from './stack-command.ts';
import { stackSettings } from './stack-settings.ts';
import { startOrder } from './start-order.ts';

export { attachStack } from './attach.ts';
export { type PartEvent, Stack } from './running-stack.ts';
export { type StartOptions, startStack } from './start-stack.ts';

/** `pnpm stack up | down | status | logs <part> | reset`. Exit codes: 0 done, 1 failed, 2 not understood. */
async function main(args: string[]): Promise<number> {
  const command = parseStackCommand(args);
  if ('mistake' in command) {
    process.stderr.write(`${command.mistake}\n${usage}\n`);
    return 2;
  }
  const list = partChecklist();
  try {
    const settings = stackSettings(process.env, command.prefix === undefined ? {} : { prefix: command.prefix });
    return await run(command, new Stack({ ...settings, external: command.external ?? [] }, list.onEvent), join(settings.stateDir, 'cache'));
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return 1;
  } finally {
    list.close();
  }
}

async function run(command: StackCommand, stack: Stack, cacheDir: string): Promise<number> {
  if (command.verb === 'up') return up(command, stack, cacheDir);
  if (command.verb === 'status') return status(command, stack);
  if (command.verb === 'logs') return logs(command, stack);
  if (command.verb === 'down') await stack.down(command.only);
  else await stack.reset();
  return 0;
}

async function up(command: StackCommand, stack: Stack, cacheDir: string): Promise<number> {
  await prepare(
    cacheDir,
    startOrder(stack.parts, command.only).map((part) => part.name),
  );
  const began = performance.now();
  stack.writeStackRecord([]);
  await stack.up(command.only);
  const figures = { readySeconds: round((performance.now() - began) / 1000), rssMiB: stack.rssMiB(), prefix: stack.prefix };
  if (command.json) process.stdout.write(`${JSON.stringify({ ...figures, parts: await stack.status() })}\n`);
  else process.stderr.write(`up after ${figures.readySeconds} s, ${figures.rssMiB} MiB. Next: pnpm stack status, pnpm migrate status\n`);
  return 0;
}

async function status(command: StackCommand, stack: Stack): Promise<number> {
  const parts = await stack.status();
  if (command.json) process.stdout.write(`${JSON.stringify({ prefix: stack.prefix, rssMiB: stack.rssMiB(), parts })}\n`);
  else for (const part of parts) process.stdout.write(`${statusLine(part)}\n`);
  return 0;
}

function statusLine({ part, state, pid, ports, memoryMiB }: Awaited<ReturnType<Stack['status']>>[number]): string {
  const memory = pid === null ? '' : `${memoryMiB} MiB`;
  return `${part.padEnd(25)} ${state.padEnd(9)} ${String(pid ?? '').padStart(8)}  ${memory.padStart(8)}  ${ports.join(' ')}`.trimEnd();
}

/** The last lines of a part's log, and what follows until Ctrl-C with `--follow`. */
async function logs(command: StackCommand, stack: Stack): Promise<number> {
  const file = stack.logFile(command.part ?? '');
  if (!existsSync(file)) {
    process.stderr.write(`${command.part} has no log yet: ${file}\n`);
    return 1;
  }
  const tail = spawn('tail', ['-n', '200', ...(command.follow ? ['-F'] : []), file], { stdio: 'inherit' });
  return new Promise((resolve) => tail.once('exit', (code) => resolve(code ?? 0)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

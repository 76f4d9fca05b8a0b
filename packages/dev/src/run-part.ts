import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { errorText } from '@atlas/kit/errors';
import { partChecklist } from './part-checklist.ts';
import { prepare } from './prepare.ts';
import { repositoryRoot } from './repository-root.ts';
import { Stack } from './running-stack.ts';
import { stackSettings } from './stack-settings.ts';
import { startOrder } from './start-order.ts';

/**
 * `pnpm dev:<service> [--watch]`: starts what the service needs, ends the stack's own one and runs it here instead, with its output on
 * this terminal. Ctrl-C ends it; `pnpm stack up` starts the stack's own again.
 */
async function main([name = '', ...args]: string[]): Promise<number> {
  const settings = stackSettings(process.env);
  const list = partChecklist();
  const stack = new Stack(settings, list.onEvent);
  const part = stack.part(name);
  const order = startOrder(stack.parts, [name]).map((needed) => needed.name);
  await prepare(join(settings.stateDir, 'cache'), order);
  await stack.up(part.needs);
  await stack.down([name]);
  list.close();
  const [command = '', ...rest] = part.command;
  const isNode = command === 'node';
  const child = spawn(isNode ? process.execPath : command, [...(isNode && args.includes('--watch') ? ['--watch'] : []), ...rest], {
    cwd: join(repositoryRoot, part.cwd),
    env: { ...process.env, ...stack.env(name) },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = 1;
}

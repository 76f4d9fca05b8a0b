import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { Stack } from './running-stack.ts';
import { stackSettings } from './stack-settings.ts';
import { RunFiles } from './supervisor/run-files.ts';

/**
 * The stack that another process started: the same functions, `kill`, `restart`, `suspend` and `resume` among them. Which one is told by
 * ATLAS_STACK_PREFIX and ATLAS_STATE_DIR, or by the arguments. Throws NOT_FOUND when none was started there.
 */
export function attachStack(at: { prefix?: number; stateDir?: string } = {}): Stack {
  const settings = stackSettings(process.env, at);
  const record = new RunFiles(join(settings.stateDir, String(settings.prefix), 'run')).readStack();
  if (record === undefined)
    throw new AppError('NOT_FOUND', {
      message: `no stack with prefix ${settings.prefix} was started. Start one: pnpm stack up --prefix ${settings.prefix}`,
    });
  return new Stack({ ...settings, env: record.env });
}

import { spawn } from 'node:child_process';
import { attachStack } from './attach.ts';
import { repositoryRoot } from './repository-root.ts';

// `pnpm seed [--users N]`: the legacy's seed, into the database of the running stack.
const child = spawn(process.execPath, ['legacy/apps/backend/prisma/seed.ts', ...process.argv.slice(2)], {
  cwd: repositoryRoot,
  env: { ...process.env, ...attachStack().env('legacy-seed') },
  stdio: 'inherit',
});
process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));

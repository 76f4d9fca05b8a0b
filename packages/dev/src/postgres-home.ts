import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * The folder that holds a stack's PostgreSQL data: its own state folder, or, when we are root and the system user `postgres` cannot
 * reach that (a checkout below /root), one below /var/tmp named after it.
 */
export function postgresHome(stateDir: string): string {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || isReachableByOthers(stateDir)) return stateDir;
  return join('/var/tmp', `atlas-${createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 12)}`);
}

/** Whether every existing folder on the way to `path` lets other users through. */
export function isReachableByOthers(path: string): boolean {
  const folder = resolve(path);
  const isOpen = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  const parent = dirname(folder);
  return isOpen && (parent === folder || isReachableByOthers(parent));
}

import { resolve } from 'node:path';
import { integer, readSettings, text } from '@atlas/kit/config';
import { prefixSetting } from './ports.ts';
import { repositoryRoot } from './repository-root.ts';

/** Which stack is meant: arguments first, then ATLAS_STACK_PREFIX, NEXT_PUBLIC_STACK_PORT_PREFIX and ATLAS_STATE_DIR, then 81 and `.atlas`. */
export function stackSettings(
  env: Record<string, string | undefined>,
  given: { prefix?: number; stateDir?: string } = {},
): { prefix: number; stateDir: string } {
  const name = env['ATLAS_STACK_PREFIX'] === undefined ? prefixSetting : 'ATLAS_STACK_PREFIX';
  const settings = readSettings(env, { prefix: integer(name, 81, { min: 11, max: 654 }), stateDir: text('ATLAS_STATE_DIR', '.atlas') });
  return { prefix: given.prefix ?? settings.prefix, stateDir: resolve(repositoryRoot, given.stateDir ?? settings.stateDir) };
}

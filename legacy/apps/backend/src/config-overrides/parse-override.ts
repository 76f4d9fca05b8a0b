import type { Config } from '@stackframe/stack-shared/dist/config/format';
import {
  branchConfigSchema,
  environmentConfigSchema,
  getConfigOverrideErrors,
  projectConfigSchema,
} from '@stackframe/stack-shared/dist/config/schema';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AnySchema } from 'yup';
import type { Level } from './change-override.ts';

const schemas: Record<Level, AnySchema> = {
  project: projectConfigSchema,
  branch: branchConfigSchema,
  environment: environmentConfigSchema,
};

/** Reads settings as clients send them. Throws 400 with the first that the level's published schema does not know or that has a wrong value. */
export async function parseOverride(level: Level, json: string): Promise<Config> {
  const parsed: unknown = JSON.parse(json, (key, value: unknown) => {
    if (key.split('.').some(isReserved)) throw new StatusError(400, `The key ${JSON.stringify(key)} is reserved.`);
    return value;
  });
  const checked = await getConfigOverrideErrors(schemas[level], parsed);
  if (checked.status === 'error') throw new StatusError(400, checked.error);
  return parsed as Config;
}

// `__proto__`, `constructor` and the like: every object has them, so a look-up would find what nobody stored.
function isReserved(name: string): boolean {
  return name in Object.prototype;
}

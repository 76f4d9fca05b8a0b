import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.ts';

/** One thing made before the stack can start. `inputs` decide whether it is made again; `outputs` must exist for it to count as made. */
export type Preparation = {
  name: string;
  /** The parts that cannot start without it. */
  parts: readonly string[];
  needs: readonly string[];
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Whether the part it is for is absent, so that there is nothing to prepare. */
  isMissing?: () => boolean;
};

const legacy = 'legacy/apps/backend';
const notifications = 'extracted/notifications';
// Prisma must not look for its schema engine: generating needs none, and nothing here may download one.
const prismaEnv = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };

/** Everything, in an order in which each stands after its needs. */
export function preparations(cacheDir: string): Preparation[] {
  return [
    {
      name: 'jars',
      parts: ['kafka', 'connect'],
      needs: [],
      command: ['node', 'packages/dev/prepare-jars.mjs', cacheDir],
      cwd: '.',
      env: {},
      inputs: ['packages/dev/kafka/pom.xml', 'packages/dev/prepare-jars.mjs'],
      outputs: [],
    },
    prismaGenerate('legacy-client', legacy, ['legacy', 'legacy-seed', 'legacy-worker', 'legacy-webhooks']),
    prismaGenerate('notifications-client', notifications, ['notifications']),
    { ...nextBuild('legacy-build', legacy, ['src', 'prisma']), parts: ['legacy'], needs: ['legacy-client'] },
    { ...nextBuild('sdk-page-build', 'packages/dev/sdk-page', ['src']), parts: [sdkPage], needs: [] },
  ];
}

/** Not a part of the stack: what only the tests need is prepared in this name. */
export const sdkPage = 'sdk-page';

function nextBuild(name: string, app: string, inputs: string[]): Omit<Preparation, 'parts' | 'needs'> {
  return {
    name,
    command: ['node', 'node_modules/next/dist/bin/next', 'build'],
    cwd: app,
    env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    inputs: [...inputs, 'package.json', 'tsconfig.json', 'next.config.ts'].map((path) => join(app, path)).concat('pnpm-lock.yaml'),
    outputs: [`${app}/.next/BUILD_ID`],
    isMissing: () => !existsSync(join(repositoryRoot, app, 'src')),
  };
}

function prismaGenerate(name: string, app: string, parts: string[]): Preparation {
  return {
    name,
    parts,
    needs: [],
    command: ['node', 'node_modules/prisma/build/index.js', 'generate'],
    cwd: app,
    env: prismaEnv,
    inputs: ['prisma/schema.prisma', 'prisma.config.ts', 'package.json'].map((path) => join(app, path)).concat('pnpm-lock.yaml'),
    outputs: [join(app, 'src/generated')],
    isMissing: () => !existsSync(join(repositoryRoot, app, 'prisma/schema.prisma')),
  };
}

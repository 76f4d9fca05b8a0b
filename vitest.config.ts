import { defineConfig } from 'vitest/config';

const ignored = ['**/node_modules/**', '**/.atlas/**', '**/.next/**'];

// unit: no I/O. int: a real PostgreSQL. e2e: the whole stack, started by `npm test` and found through ATLAS_STACK_PREFIX.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['**/*.test.ts'], exclude: [...ignored, '**/*.int.test.ts', '**/*.e2e.test.ts'] } },
      {
        test: {
          name: 'int',
          include: ['**/*.int.test.ts'],
          exclude: ignored,
          globalSetup: ['packages/kit/src/testing/postgres.global.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: ignored,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

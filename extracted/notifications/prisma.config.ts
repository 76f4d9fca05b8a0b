import { defineConfig } from 'prisma/config';

/** For `prisma generate`. Migrations are applied by `@atlas/kit/prisma-migrations`, which needs no engine. */
export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } });

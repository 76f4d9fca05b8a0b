import { defineConfig } from 'prisma/config';

/** Only for the Prisma CLI; the running app connects by LEGACY_DATABASE_URL (src/database.ts). */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});

import { Prisma } from '../generated/prisma/client.ts';

/** JSON null and no value are the same to clients: SQL null. */
export function asJson(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === undefined || value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue);
}

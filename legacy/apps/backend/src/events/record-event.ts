import { randomUUID } from 'node:crypto';
import type { Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';

export type EventType =
  | '$project'
  | '$project-activity'
  | '$user-activity'
  | '$session-activity'
  | '$token-refresh'
  | '$api-request'
  | '$sign-up-rule-trigger'
  | '$legacy-api';

/** Writes one event of the server's own, with the types it also counts as. */
export async function recordEvent(
  tx: Pick<Transaction, 'event'>,
  tenancyId: string,
  event: { types: readonly EventType[]; data: object; at?: Date },
): Promise<void> {
  const at = event.at ?? new Date();
  await tx.event.create({
    data: {
      tenancyId,
      id: randomUUID(),
      systemEventTypeIds: [...event.types],
      data: event.data as Prisma.InputJsonObject,
      eventStartedAt: at,
      eventEndedAt: at,
    },
  });
}

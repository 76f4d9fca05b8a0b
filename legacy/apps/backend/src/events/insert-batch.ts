import { randomUUID } from 'node:crypto';
import { database, violatedIndex } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** Who sent a batch. */
export type BatchSender = { tenancyId: string; projectUserId: string; refreshTokenId: string | undefined };
export type EventBatch = {
  batch_id: string;
  session_replay_segment_id: string;
  events: { event_type: string; event_at_ms: number; data: object }[];
};

/** Writes a batch of a page's events, once: the same batch sent again inserts nothing. Answers how many were inserted. */
export async function insertBatch(sender: BatchSender, batch: EventBatch): Promise<number> {
  const { tenancyId, projectUserId, refreshTokenId } = sender;
  try {
    return await database().$transaction(async (tx) => {
      await tx.eventBatch.create({ data: { tenancyId, batchId: batch.batch_id } });
      const { count } = await tx.event.createMany({
        data: batch.events.map((event) => {
          const at = new Date(event.event_at_ms);
          return {
            tenancyId,
            id: randomUUID(),
            systemEventTypeIds: [event.event_type],
            data: {
              ...event.data,
              user_id: projectUserId,
              refresh_token_id: refreshTokenId ?? null,
              segment_id: batch.session_replay_segment_id,
            } as Prisma.InputJsonObject,
            eventStartedAt: at,
            eventEndedAt: at,
          };
        }),
      });
      return count;
    });
  } catch (error) {
    if (violatedIndex(error) === 'EventBatch_pkey') return 0;
    throw error;
  }
}

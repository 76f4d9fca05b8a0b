import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import type { Transaction } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** What projects can be told of. */
export type WebhookType =
  | `${'user' | 'team'}.${'created' | 'updated' | 'deleted'}`
  | `${'team_membership' | 'team_permission' | 'project_permission'}.${'created' | 'deleted'}`;

const idCharacters = 27;

/** Writes a message for the project's webhook endpoints, in the transaction of the fact; the webhook worker delivers it after the commit. */
export async function tell(tx: Transaction, projectId: string, type: WebhookType, data: object): Promise<void> {
  const payload = { type, data } as Prisma.InputJsonObject;
  await tx.webhookMessage.create({ data: { projectId, id: messageId(), eventType: type, payload } });
}

function messageId(): string {
  return `msg_${generateSecureRandomString().slice(0, idCharacters)}`;
}

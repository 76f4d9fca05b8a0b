import { failpoint } from '@atlas/kit/failpoints';
import type { Logger } from '@atlas/kit/logger';
import { mailOfRequest, userIdOf } from './inbox.ts';
import type { InboxStore } from './store.ts';

export type InboxDeps = {
  inbox: InboxStore;
  count(source: 'mail-request' | 'domain-event', result: 'done' | 'unreadable'): void;
  clock: () => Date;
  log: Logger;
};

const rowsMax = 100;

/** Turns open requests into mails; answers whether there were any. One that cannot be read is marked done, and somebody must look. Throws NOT_OWNER. */
export async function consumeRequests({ inbox, count, clock, log }: InboxDeps): Promise<boolean> {
  const requests = await inbox.openRequests(rowsMax);
  for (const request of requests) {
    const mail = mailOfRequest(request, clock());
    if (mail === undefined) log.error({ tenancyId: request.tenancyId, requestId: request.id }, 'mail request unreadable, no mail sent');
    await failpoint('inbox.request');
    const isMine = await inbox.finishRequest(request, mail ?? null, clock());
    if (isMine) count('mail-request', mail === undefined ? 'unreadable' : 'done');
  }
  return requests.length > 0;
}

/** Acts on deleted users; answers whether there were any. Throws NOT_OWNER. */
export async function consumeDeletions({ inbox, count, clock, log }: InboxDeps): Promise<boolean> {
  const events = await inbox.openDeletions(rowsMax);
  for (const event of events) {
    const userId = userIdOf(event.payload);
    if (userId === undefined) log.error({ tenancyId: event.tenancyId, eventId: event.id }, 'domain event unreadable, nothing deleted');
    await failpoint('inbox.deletion');
    const isMine = await inbox.finishDeletion(event, userId ?? null, clock());
    if (isMine) count('domain-event', userId === undefined ? 'unreadable' : 'done');
  }
  return events.length > 0;
}

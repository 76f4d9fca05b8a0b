import { AppError } from '@atlas/kit/errors';
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

/** Turns open requests into mails; answers whether there were any. One that cannot be stored is marked done, and somebody must look. Throws NOT_OWNER. */
export async function consumeRequests({ inbox, count, clock, log }: InboxDeps): Promise<boolean> {
  const requests = await inbox.openRequests(rowsMax);
  await eachInTurn(requests, async (request) => {
    await failpoint('inbox.request');
    const mail = mailOfRequest(request, clock());
    const result = mail === undefined ? 'unreadable' : await inbox.finishRequest(request, mail, clock());
    if (result === 'unreadable') {
      log.error({ tenancyId: request.tenancyId, requestId: request.id }, 'mail request unreadable, no mail sent');
      await inbox.finishRequest(request, null, clock());
    }
    if (result !== 'done-before') count('mail-request', result);
  });
  return requests.length > 0;
}

/** Acts on deleted users; answers whether there were any. Throws NOT_OWNER. */
export async function consumeDeletions({ inbox, count, clock, log }: InboxDeps): Promise<boolean> {
  const events = await inbox.openDeletions(rowsMax);
  await eachInTurn(events, async (event) => {
    await failpoint('inbox.deletion');
    const userId = userIdOf(event.payload);
    if (userId === undefined) log.error({ tenancyId: event.tenancyId, eventId: event.id }, 'domain event unreadable, nothing deleted');
    const result = await inbox.finishDeletion(event, userId ?? null, clock());
    if (result !== 'done-before') count('domain-event', userId === undefined ? 'unreadable' : result);
  });
  return events.length > 0;
}

/** One that fails does not hold up the others; its error is thrown at the end. NOT_OWNER concerns them all and ends the round. */
export async function eachInTurn<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_OWNER') throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

import { notificationCategories } from '@atlas/contracts/wire';
import { act } from './act.ts';
import type { Client } from './person.ts';

const [, marketing] = notificationCategories;
const deleteRequest = /^DELETE .*\/users\//;
const createRequest = /^POST .*\/users$/;

/** A user that a backend makes, whose marketing mails are turned off, who is sent a mail for later, and who is deleted with all of it. */
export async function liveShortly({ sdk, settings, file }: Client, n: number): Promise<void> {
  const server = sdk.createServer(settings.target);
  const email = `d${n}-${settings.client.replaceAll('.', '-')}@${settings.run}.example.com`;
  const { value: user } = await act({ n, kind: 'create-user', write: createRequest }, () =>
    server.createUser({ primaryEmail: email, primaryEmailAuthEnabled: true, password: 'correct horse 7' }),
  );
  if (user === undefined) return;
  await act({ n, kind: 'preference', write: /^PATCH / }, async () => {
    const categories = await user.listNotificationCategories();
    await categories.find((category) => category.id === marketing.id)?.setEnabled(false);
  });
  const { outcome } = await act({ n, kind: 'delete-user', write: deleteRequest }, () => user.delete());
  file.write({ type: 'deletion', n, userId: user.id, outcome });
}

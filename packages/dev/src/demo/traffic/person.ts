import { notificationCategories } from '@atlas/contracts/wire';
import type { CurrentUser, Sdk } from '../../scenario/sdk.ts';
import { act } from './act.ts';
import type { ClientFile } from './client-file.ts';
import type { TrafficSettings } from './settings.ts';

const [, marketing] = notificationCategories;
const password = 'correct horse 7';
const signUpRequest = /^POST .*\/auth\/password\/sign-up/;
const signInRequest = /^POST .*\/auth\/password\/sign-in/;
const preferenceRequest = /^PATCH .*\/emails\/notification-preference\//;
const listRequest = /^GET .*\/emails\/notification-preference\//;

export type Client = { sdk: Sdk; settings: TrafficSettings; file: ClientFile };

/** A user of one client app: the only one who writes their marketing preference, one change after the other. */
export type Person = { id: string; email: string; user: CurrentUser; setMarketing(n: number, enabled: boolean): Promise<void> };

/** Signs a new person up, with a verification mail to an address of their own. Undefined when that did not succeed. */
export async function signUp(client: Client, n: number): Promise<Person | undefined> {
  const { sdk, settings, file } = client;
  const email = `p${n}-${settings.client.replaceAll('.', '-')}@${settings.run}.example.com`;
  const app = sdk.createClient(settings.target);
  const callback = 'http://localhost:3000/verified';
  const { outcome } = await act({ n, kind: 'sign-up', write: signUpRequest }, () =>
    app.signUpWithCredential({ email, password, verificationCallbackUrl: callback, noRedirect: true }),
  );
  file.write({ type: 'sign-up', n, email, outcome });
  if (outcome !== 'ok') return undefined;
  const { value: user } = await act({ n, kind: 'who-am-i', write: /^GET .*\/users\/me/ }, () => app.getUser());
  if (!user) return undefined;
  const list = () => act({ n, kind: 'read-back', write: listRequest }, () => user.listNotificationCategories());
  const { value: categories } = await list();
  const category = categories?.find((candidate) => candidate.id === marketing.id);
  if (category === undefined) return undefined;
  return { id: user.id, email, user, setMarketing };

  async function setMarketing(at: number, enabled: boolean): Promise<void> {
    const about = { type: 'preference', n: at, userId: user?.id ?? '', categoryId: marketing.id } as const;
    const change = await act({ n: at, kind: 'preference', write: preferenceRequest }, async () => category?.setEnabled(enabled));
    file.write({ ...about, enabled, outcome: change.outcome });
    if (change.outcome !== 'ok') return;
    const { value: seen } = await act({ n: at, kind: 'read-back', write: listRequest }, async () => user?.listNotificationCategories());
    const now = seen?.find((candidate) => candidate.id === marketing.id)?.enabled;
    if (now !== undefined) file.write({ ...about, type: 'read-back', expected: enabled, seen: now });
  }
}

/** The same person signs in from another device. */
export async function signIn({ sdk, settings }: Client, n: number, person: Person): Promise<void> {
  const app = sdk.createClient(settings.target);
  await act({ n, kind: 'sign-in', write: signInRequest }, () =>
    app.signInWithCredential({ email: person.email, password, noRedirect: true }),
  );
}

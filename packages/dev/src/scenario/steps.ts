import { notificationCategories } from '@atlas/contracts/wire';
import type { Sdk, SdkTarget } from './sdk.ts';

/** Runs one named call and keeps what came of it; answers what it returned, or undefined when it threw. */
export type Step = <T>(name: string, call: () => Promise<T>) => Promise<T | undefined>;

const password = 'correct horse 7';
const unknownUser = '00000000-0000-4000-8000-000000000000';
const [, marketing] = notificationCategories;

/** What a browser's user does: sign up, sign in elsewhere, change their name, look at sessions, choose what mails they want, sign out. */
export async function userScenario(sdk: Sdk, target: SdkTarget, run: string, step: Step): Promise<void> {
  const email = `ann-${run}@example.com`;
  const here = sdk.createClient(target);
  const elsewhere = sdk.createClient(target);
  const callback = 'http://localhost:3000/verified';
  await step('sign up', () => here.signUpWithCredential({ email, password, verificationCallbackUrl: callback, noRedirect: true }));
  await step('sign up again', () =>
    elsewhere.signUpWithCredential({ email, password, verificationCallbackUrl: callback, noRedirect: true }),
  );
  await step('wrong password', () => elsewhere.signInWithCredential({ email, password: 'wrong password', noRedirect: true }));
  await step('sign in elsewhere', () => elsewhere.signInWithCredential({ email, password, noRedirect: true }));
  await step('project', async () => (await here.getProject()).displayName);
  const user = await here.getUser();
  if (user === null) throw new Error('the user who just signed up is not signed in');
  await step('who am I', async () => user.toClientJson());
  await step('change name', () => user.update({ displayName: 'Ann' }));
  await step('refresh and read', async () => (await here.getUser())?.toClientJson());
  const sessions = await step('sessions', () => user.getActiveSessions());
  const other = sessions?.find((session) => !session.isCurrentSession);
  await step('end the other session', () => user.revokeSession(other?.id ?? ''));
  await step('preferences', () => user.listNotificationCategories());
  const chosen = await user.listNotificationCategories();
  await step('no marketing', () => choose(chosen, 'Marketing', false));
  await step('preferences after', () => user.listNotificationCategories());
  await step('no transactional', () => choose(chosen, 'Transactional', false));
  await step('marketing again', () => choose(chosen, 'Marketing', true));
  await step('sign out', () => user.signOut());
  await step('nobody', () => here.getUser());
}

/** What a backend does: create and find users, write them mails, be refused for a stranger and for a category that is none. */
export async function serverScenario(sdk: Sdk, target: SdkTarget, run: string, step: Step): Promise<void> {
  const server = sdk.createServer(target);
  const create = (name: string) =>
    server.createUser({ primaryEmail: `${name}-${run}@example.com`, primaryEmailAuthEnabled: true, password, displayName: name });
  const bob = await step('create bob', async () => plainUser(await create('bob')));
  const cat = await step('create cat', async () => plainUser(await create('cat')));
  await step('create bob again', () => create('bob'));
  const bobId = bob?.id ?? unknownUser;
  await step('read bob', async () => plainUser(await server.getUser(bobId)));
  await step('list users', async () => (await server.listUsers({ query: run, orderBy: 'signedUpAt', limit: 10 })).map(plainUser));
  const serverBob = await server.getUser(bobId);
  await step('rename bob', async () => serverBob?.update({ displayName: 'Robert', serverMetadata: { plan: 'pro' } }));
  await step('read bob again', async () => plainUser(await server.getUser(bobId)));
  const html = '<p>Hello</p>';
  await step('write to both', () => server.sendEmail({ userIds: [bobId, cat?.id ?? unknownUser], subject: `both ${run}`, html }));
  await step('write by category', () =>
    server.sendEmail({ userIds: [bobId], subject: `offer ${run}`, html, notificationCategoryName: marketing.name }),
  );
  await step('write to a stranger', () => server.sendEmail({ userIds: [unknownUser], subject: `nobody ${run}`, html }));
  await step('unknown category', () =>
    server.sendEmail({ userIds: [bobId], subject: `none ${run}`, html, notificationCategoryName: 'Gossip' }),
  );
  await step('a preference of bob', async () => choose((await serverBob?.listNotificationCategories()) ?? [], 'Marketing', false));
  await step('preferences of bob', async () => serverBob?.listNotificationCategories());
  await step('delete cat', async () => (await server.getUser(cat?.id ?? unknownUser))?.delete());
  await step('read cat', () => server.getUser(cat?.id ?? unknownUser));
}

type Choice = { name: string; setEnabled(enabled: boolean): Promise<void> };

function choose(categories: Choice[], name: string, enabled: boolean): Promise<void> {
  const category = categories.find((candidate) => candidate.name === name);
  if (category === undefined) throw new Error(`no category ${name}`);
  return category.setEnabled(enabled);
}

type SdkUser = {
  id: string;
  displayName: string | null;
  primaryEmail: string | null;
  hasPassword: boolean;
  signedUpAt: Date;
  clientMetadata: unknown;
};

function plainUser(user: (SdkUser & { serverMetadata?: unknown }) | null) {
  if (user === null) return null;
  const { id, displayName, primaryEmail, hasPassword, signedUpAt, clientMetadata, serverMetadata } = user;
  return { id, displayName, primaryEmail, hasPassword, signedUpAt, clientMetadata, serverMetadata };
}

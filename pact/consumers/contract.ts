import { notificationCategories } from '@atlas/contracts/wire';
import { MatchersV3, PactV4 } from '@pact-foundation/pact';
import type { StackClientApp as Client, StackServerApp as Server } from 'stack-js-2.8.108';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { settleContract, temporaryFolder } from './committed.ts';
import { exampleToken, exampleUserId, Stub } from './stub.ts';

const [transactional, marketing] = notificationCategories;
const keys = {
  publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-secret-server-key-is-for-local-development-only',
};
const stranger = '00000000-0000-4000-8000-000000000000';
const base = '/api/v1/emails';
const { fromProviderState } = MatchersV3;
const userId = fromProviderState('${userId}', exampleUserId);
const item = (category: (typeof notificationCategories)[number], enabled: boolean) => ({
  notification_category_id: category.id,
  notification_category_name: category.name,
  enabled,
  can_disable: category.canDisable,
});

type Newest = typeof import('stack-js-2.8.108');
/** The types of all versions have the same calls; they differ in symbols only. */
type Published = { StackClientApp: unknown; StackServerApp: unknown };

/**
 * What one published SDK version needs of the notification routes, recorded by running it, unmodified, against Pact's own server.
 * over 70 lines: one interaction after another, as Pact wants them written.
 */
export function testContract(version: string, headerPrefix: 'x-stack' | 'x-hexclave', published: Published): void {
  const consumer = `stack-js-${version}`;
  const { StackClientApp, StackServerApp } = published as Newest;
  const dir = temporaryFolder();
  const pact = new PactV4({ consumer, provider: 'notifications', dir, logLevel: 'error' });
  const header = (names: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(names).map(([name, value]) => [`${headerPrefix}-${name}`, value])) as Record<string, string>;
  const asUser = header({
    'access-type': 'client',
    'project-id': 'internal',
    'publishable-client-key': keys.publishableClientKey,
    'access-token': fromProviderState('${accessToken}', exampleToken()),
  });
  const asServer = header({
    'access-type': 'server',
    'project-id': 'internal',
    'secret-server-key': keys.secretServerKey,
    'override-error-status': 'true',
  });

  let stub: Stub;
  beforeAll(() => {
    stub = new Stub();
  });
  beforeEach(() => {
    stub.isListAnswered = false;
  });
  afterAll(() => {
    stub.putBack();
    settleContract(dir, `${consumer}-notifications.json`);
  });

  test('a user sees what they are asked about, all of it on', async () => {
    await pact
      .addInteraction()
      .given('a user who never chose')
      .uponReceiving('a list of my notification preferences')
      .withRequest('GET', `${base}/notification-preference/me`, (request) => request.headers(asUser))
      .willRespondWith(200, (response) =>
        response.jsonBody({ items: [item(transactional, true), item(marketing, true)], is_paginated: false }),
      )
      .executeTest(async ({ url }) => {
        const categories = await (await signedIn(url)).listNotificationCategories();
        expect(categories.map(({ id, name, enabled, canDisable }) => ({ id, name, enabled, canDisable }))).toEqual([
          { ...transactional, enabled: true },
          { ...marketing, enabled: true },
        ]);
      });
  });

  test('a user sees what they turned off', async () => {
    await pact
      .addInteraction()
      .given('a user who turned marketing off')
      .uponReceiving('a list of my notification preferences')
      .withRequest('GET', `${base}/notification-preference/me`, (request) => request.headers(asUser))
      .willRespondWith(200, (response) =>
        response.jsonBody({ items: [item(transactional, true), item(marketing, false)], is_paginated: false }),
      )
      .executeTest(async ({ url }) => {
        const categories = await (await signedIn(url)).listNotificationCategories();
        expect(categories.map(({ enabled }) => enabled)).toEqual([true, false]);
      });
  });

  test('a user turns a category off', async () => {
    await pact
      .addInteraction()
      .given('a user who never chose')
      .uponReceiving('marketing turned off')
      .withRequest('PATCH', `${base}/notification-preference/me/${marketing.id}`, (request) =>
        request.headers(asUser).jsonBody({ enabled: false }),
      )
      .willRespondWith(200, (response) => response.jsonBody(item(marketing, false)))
      .executeTest(async ({ url }) => {
        const [, category] = await stubbedList(url);
        await category?.setEnabled(false);
        expect(stub.patched).toEqual([200]);
      });
  });

  test('a category that cannot be turned off says so', async () => {
    await pact
      .addInteraction()
      .given('a user who never chose')
      .uponReceiving('transactional turned off')
      .withRequest('PATCH', `${base}/notification-preference/me/${transactional.id}`, (request) =>
        request.headers({ ...asUser, ...header({ 'override-error-status': 'true' }) }).jsonBody({ enabled: false }),
      )
      .willRespondWith(200, (response) =>
        response
          .headers({ 'content-type': 'text/plain; charset=utf-8', 'x-stack-actual-status': '400' })
          .body('text/plain', Buffer.from('This notification category cannot be disabled')),
      )
      .executeTest(async ({ url }) => {
        const [category] = await stubbedList(url);
        await expect(category?.setEnabled(false)).rejects.toThrow('This notification category cannot be disabled');
      });
  });

  test('a server writes a mail to a user', async () => {
    await pact
      .addInteraction()
      .given('a user who never chose')
      .uponReceiving('a mail to one user')
      .withRequest('POST', `${base}/send-email`, (request) =>
        request.headers(asServer).jsonBody({ user_ids: [userId], html: '<p>Hello</p>', subject: 'Hello' }),
      )
      .willRespondWith(200, (response) => response.jsonBody({ results: [{ user_id: userId }] }))
      .executeTest(async ({ url }) => {
        await expect(server(url).sendEmail({ userIds: [exampleUserId], html: '<p>Hello</p>', subject: 'Hello' })).resolves.toBeUndefined();
      });
  });

  test('a mail to a stranger is refused by the name the SDK knows', async () => {
    await pact
      .addInteraction()
      .given('a user who never chose')
      .uponReceiving('a mail to nobody')
      .withRequest('POST', `${base}/send-email`, (request) =>
        request.headers(asServer).jsonBody({ user_ids: [stranger], html: '<p>Hello</p>', subject: 'Hello' }),
      )
      .willRespondWith(200, (response) =>
        response.headers({ 'x-stack-actual-status': '400', 'x-stack-known-error': 'USER_ID_DOES_NOT_EXIST' }).jsonBody({
          code: 'USER_ID_DOES_NOT_EXIST',
          details: { user_id: stranger },
          error: `The given user with the ID ${stranger} does not exist.`,
        }),
      )
      .executeTest(async ({ url }) => {
        await expect(server(url).sendEmail({ userIds: [stranger], html: '<p>Hello</p>', subject: 'Hello' })).rejects.toMatchObject({
          errorCode: 'USER_ID_DOES_NOT_EXIST',
        });
      });
  });

  test('a server sees what a user chose', async () => {
    await pact
      .addInteraction()
      .given('a user who turned marketing off')
      .uponReceiving('a list of a user’s notification preferences')
      .withRequest(
        'GET',
        fromProviderState(`${base}/notification-preference/\${userId}`, `${base}/notification-preference/${exampleUserId}`),
        (request) => request.headers(asServer),
      )
      .willRespondWith(200, (response) =>
        response.jsonBody({ items: [item(transactional, true), item(marketing, false)], is_paginated: false }),
      )
      .executeTest(async ({ url }) => {
        const user = await server(url).getUser(exampleUserId);
        const categories = await user?.listNotificationCategories();
        expect(categories?.map(({ enabled }) => enabled)).toEqual([true, false]);
      });
  });

  async function signedIn(baseUrl: string) {
    const app = new StackClientApp({
      baseUrl,
      projectId: 'internal',
      publishableClientKey: keys.publishableClientKey,
      tokenStore: 'memory',
      redirectMethod: 'none',
    }) as Client<true>;
    await app.signUpWithCredential({
      email: 'ann@example.com',
      password: 'correct horse 7',
      noVerificationCallback: true,
      noRedirect: true,
    });
    const user = await app.getUser();
    if (user === null) throw new Error('the stub did not sign the user in');
    return user;
  }

  /** The SDK reads the list before and after a change: here the stub answers, so that the contract holds the change alone. */
  async function stubbedList(baseUrl: string) {
    stub.isListAnswered = true;
    return (await signedIn(baseUrl)).listNotificationCategories();
  }

  function server(baseUrl: string): Server<true> {
    return new StackServerApp({
      baseUrl,
      projectId: 'internal',
      ...keys,
      tokenStore: 'memory',
      redirectMethod: 'none',
    }) as Server<true>;
  }
}

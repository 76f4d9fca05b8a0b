import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSdk } from '../src/scenario/sdk.ts';
import { makeProject } from '../src/sdk-compat/calls/project.ts';
import { MailReader } from '../src/sdk-compat/mail-reader.ts';
import { openBrowser } from './sdk-page/browser.ts';
import { startPage } from './sdk-page/page-server.ts';
import * as walks from './sdk-page/walk.ts';
import { bringTo, stack, target } from './shared-stack.ts';

// What a person does in a customer's app, with the published packages for Next and React in a real browser.
const doors = [
  { door: 'legacy', name: 'the legacy itself' },
  { door: 'gateway', name: 'the gateway' },
] as const;

beforeAll(() => bringTo('legacy'));

describe.each(doors)('an app that calls $name', ({ door }) => {
  let walk: walks.Walk;
  let stop = async (): Promise<void> => {};

  beforeAll(async () => {
    const run = randomBytes(5).toString('hex');
    const project = await makeProject({ sdk: await loadSdk('2.8.108'), call: (_name, call) => call(), run }, target(door));
    const page = await startPage(project.target);
    const browser = await openBrowser(door === 'legacy' ? { reroute: { from: hostOf('public'), to: hostOf('legacy') } } : {});
    walk = { browser, url: page.url, mails: new MailReader(stack.urls.mailbox), run };
    stop = async () => {
      await browser.close();
      await page.stop();
    };
  });
  afterAll(() => stop());

  test('a person signs up, verifies their address, signs out and in again', async () => {
    await walks.signUp(walk);
    await walks.verifyEmail(walk);
    await walks.signOut(walk);
    await walks.signInWithPassword(walk);
  });

  test('they register a passkey in their account’s settings and sign in with it', async () => {
    await walks.useAccountSettings(walk);
    await walks.signOut(walk);
    await walks.signInWithPasskey(walk);
  });

  test('they make teams and switch between them', () => walks.switchTeams(walk));

  test('somebody signs in with a provider', async () => {
    await walks.signOut(walk);
    await walks.signInWithProvider(walk);
    await walks.signOut(walk);
  });

  test('the app without a server signs them in and out', async () => {
    await walks.signInWithReact(walk);
    expect(walk.browser.errors).toEqual([]);
  });
});

function hostOf(name: 'public' | 'legacy'): string {
  return new URL(stack.urls[name]).host;
}

import type { Page } from 'playwright-core';
import type { MailReader } from '../../src/sdk-compat/mail-reader.ts';
import { password } from '../../src/sdk-compat/world.ts';
import type { PersonBrowser } from './browser.ts';

/** Where one walk takes place: a browser at a customer's app, and the mails that came. `run` makes its addresses unlike others. */
export type Walk = { browser: PersonBrowser; url: string; mails: MailReader; run: string };

const providerEmail = (walk: Walk) => `gita-${walk.run}@example.com`;
export const personEmail = (walk: Walk) => `ann-${walk.run}@example.com`;

/** Signs up with a password; the browser is at the app's own page afterwards. */
export async function signUp(walk: Walk): Promise<void> {
  const { page } = walk.browser;
  await open(walk, '/handler/sign-up');
  await page.getByRole('tab', { name: 'Email & Password' }).click();
  await page.locator('input[name=email]:visible').fill(personEmail(walk));
  await page.locator('input[name=password]').fill(password);
  await page.locator('input[name=passwordRepeat]').fill(password);
  await walk.browser.shoot('sign-up');
  await page.getByRole('button', { name: 'Sign Up', exact: true }).click();
  await isSeen(walk, personEmail(walk));
}

/** Opens the link of the mail that sign-up sent. */
export async function verifyEmail(walk: Walk): Promise<void> {
  const { page } = walk.browser;
  const { text } = await walk.mails.wait(personEmail(walk), 'Verify your email');
  const link = /https?:\/\/\S+/.exec(text)?.[0];
  if (link === undefined) throw new Error(`no link in the mail: ${text}`);
  await page.goto(link);
  const verify = page.getByRole('button', { name: 'Verify' });
  const done = page.getByText('email has been verified');
  await verify.or(done).first().waitFor();
  if (await verify.isVisible()) await verify.click();
  await done.first().waitFor();
  await walk.browser.shoot('email-verified');
}

export async function signOut(walk: Walk): Promise<void> {
  await open(walk, '/handler/sign-out');
  await walk.browser.page.waitForURL(`${walk.url}/`);
  await isSeen(walk, 'nobody');
}

export async function signInWithPassword(walk: Walk): Promise<void> {
  const { page } = walk.browser;
  await open(walk, '/handler/sign-in');
  await fillSignIn(page, personEmail(walk));
  await isSeen(walk, personEmail(walk));
}

/** Looks at the settings, changes the name, and registers a passkey there. */
export async function useAccountSettings(walk: Walk): Promise<void> {
  const { page, shoot } = walk.browser;
  await open(walk, '/handler/account-settings');
  await page.getByText('My Profile').first().waitFor();
  await shoot('account-settings');
  await page.getByText('Emails & Auth').first().click();
  await page.getByRole('button', { name: 'Add new passkey' }).first().click();
  await page.getByText('Passkey registered').first().waitFor();
  await shoot('passkey-registered');
}

export async function signInWithPasskey(walk: Walk): Promise<void> {
  await open(walk, '/handler/sign-in');
  await walk.browser.shoot('sign-in');
  await walk.browser.page.getByRole('button', { name: 'Sign in with Passkey' }).click();
  await isSeen(walk, personEmail(walk));
}

/** Makes two teams and goes from one to the other with the switcher. */
export async function switchTeams(walk: Walk): Promise<void> {
  const { page, shoot } = walk.browser;
  for (const team of ['Analysts', 'Builders']) {
    await open(walk, '/');
    await open(walk, '/handler/account-settings#team-creation');
    await page.locator('#displayName:visible').first().fill(team);
    await page.getByRole('button', { name: 'Create', exact: true }).first().click();
    await page.waitForURL(({ hash }) => /#team-[0-9a-f-]{36}$/.test(hash));
  }
  await page.goto(`${walk.url}/`);
  await page.getByTestId('team').filter({ hasText: 'Builders' }).waitFor();
  await page.getByRole('combobox').first().click();
  await shoot('team-switcher');
  await page.getByRole('option', { name: 'Analysts' }).click();
  await page.getByTestId('team').filter({ hasText: 'Analysts' }).waitFor();
  await shoot('home');
}

/** Signs in with GitHub's stand-in, as somebody whom the project does not know yet. */
export async function signInWithProvider(walk: Walk): Promise<void> {
  const { page, shoot } = walk.browser;
  await open(walk, '/handler/sign-in');
  await page.getByRole('button', { name: 'Sign in with GitHub' }).click();
  await page.getByLabel('E-mail').fill(providerEmail(walk));
  await shoot('provider');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await isSeen(walk, providerEmail(walk));
}

/** The same app without a server: in and out again. */
export async function signInWithReact(walk: Walk): Promise<void> {
  const { page, shoot } = walk.browser;
  await open(walk, '/react');
  await fillSignIn(page, personEmail(walk));
  await page
    .getByTestId('react-user')
    .filter({ hasText: personEmail(walk) })
    .waitFor();
  await shoot('react');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByTestId('react-user').filter({ hasText: 'nobody' }).waitFor();
}

async function fillSignIn(page: Page, email: string): Promise<void> {
  await page.getByRole('tab', { name: 'Email & Password' }).click();
  await page.locator('input[name=email]:visible').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.getByRole('button', { name: 'Sign In', exact: true }).click();
}

async function open(walk: Walk, path: string): Promise<void> {
  await walk.browser.page.goto(`${walk.url}${path}`);
}

/** The app's server and its browser both see this person. */
async function isSeen(walk: Walk, email: string): Promise<void> {
  const { page } = walk.browser;
  await page.getByTestId('browser-user').filter({ hasText: email }).waitFor();
  await page.reload(); // what the server saw was drawn before the browser's cookies changed
  for (const place of ['server-user', 'browser-user']) await page.getByTestId(place).filter({ hasText: email }).waitFor();
}
